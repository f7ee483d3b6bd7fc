"""The connector over the recorded answers in `fixtures/`, natively. `patchbay check` runs the component over the same files."""

import json
import unittest
from pathlib import Path

from connector import Notebook
from patchbay_sdk import AuthRequired, Context, Error, Item, Object, Outcome, PermissionDenied, RateLimited, ReadRequest
from patchbay_sdk.testing import TestHost, read_all

FIXTURES = Path(__file__).parent.parent / "fixtures"
CONTEXT = Context(auth="key", config_json=b'{"page_size":100}')
NOTE = Item("note", target_json=b'{"id":"nb-1"}', payload_json=b'{"text":"Call back on Monday."}')


def recorded(file: str) -> TestHost:
    return TestHost.answering(FIXTURES / file, in_order=True)


class NotebookTest(unittest.TestCase):
    def test_the_key_says_whose_account_it_is(self) -> None:
        with recorded("identify.json"):
            identity = Notebook().identify(CONTEXT)
        self.assertEqual((identity.id, identity.name), ("7", "Kantoor Voorbeeld"))

    def test_notebooks_are_read_completely(self) -> None:
        with recorded("streams/notebooks.json"):
            reading = read_all(Notebook(), CONTEXT, ReadRequest("notebooks", page_hint=2))
        self.assertEqual((len(reading.records), reading.pages, reading.position), (3, 2, "complete"))

    def test_notes_are_read_up_to_their_newest_change(self) -> None:
        with recorded("streams/notes.json"):
            reading = read_all(Notebook(), CONTEXT, ReadRequest("notes", page_hint=2))
        self.assertEqual((len(reading.records), reading.pages, reading.position), (3, 2, "end"))
        self.assertEqual(reading.cursor, {"since": 1795193110000})

    def test_a_note_from_the_future_does_not_hide_those_before_it(self) -> None:
        request = ReadRequest("notes", b'{"since":1795193110000}', page_hint=2)
        with recorded("streams/notes.later.json"):
            reading = read_all(Notebook(), CONTEXT, request)
        self.assertEqual(reading.cursor, {"since": 1795253400000}, "now, and not next year")

    def test_a_note_is_added_once_and_found_again(self) -> None:
        note = Object("501", "https://notebook.example/notes/501")
        with recorded("actions/note.json"):
            self.assertEqual(Notebook().push(CONTEXT, NOTE), Outcome.created(note))
        with recorded("actions/note.found.json"):
            self.assertEqual(Notebook().find(CONTEXT, NOTE, "create", 0), note)

    def test_what_was_not_written_is_not_found(self) -> None:
        with recorded("actions/note.absent.json"):
            self.assertIsNone(Notebook().find(CONTEXT, NOTE, "create", 0))

    def test_a_status_decides_which_error_it_is(self) -> None:
        cases: dict[int, type[Error]] = {401: AuthRequired, 403: PermissionDenied, 429: RateLimited}
        for status, case in cases.items():
            request = {"method": "GET", "url": "https://api.notebook.example/v1/me"}
            answers = json.dumps([{"request": request, "answer": {"status": status}}])
            with self.subTest(status=status), TestHost.answering(answers), self.assertRaises(case):
                Notebook().identify(CONTEXT)


if __name__ == "__main__":
    unittest.main()
