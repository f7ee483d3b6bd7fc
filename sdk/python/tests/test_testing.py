import json
import logging
import random
import unittest

from patchbay_sdk import (
    AuthRequired,
    Context,
    CursorInvalid,
    Effect,
    InvalidConfig,
    InvalidInput,
    Item,
    Object,
    Other,
    Page,
    ReadRequest,
    http,
    log,
    run,
)
from patchbay_sdk.testing import TestHost

URL = "https://a.example/x"
ONE = json.dumps([{"request": {"method": "GET", "url": URL}, "answer": {"body": {}}}])


class TestHostTest(unittest.TestCase):
    def test_an_answer_that_was_not_used_fails_the_test(self) -> None:
        with self.assertRaisesRegex(AssertionError, "not used"), TestHost.answering(ONE):
            pass

    def test_a_request_that_the_gate_would_refuse_fails_the_test(self) -> None:
        for url, headers, effect, step in [
            ("http://a.example/x", {}, Effect.READ, None),
            (URL, {"Authorization": "x"}, Effect.READ, None),
            (URL, {"x": "a\nb"}, Effect.READ, None),
            (URL, {}, Effect.READ, "create"),
            (f"{URL}/other", {}, Effect.READ, None),
            (URL, {}, Effect.REPEATABLE, None),
        ]:
            with self.subTest(url=url, headers=headers), self.assertRaises(AssertionError), TestHost.answering(ONE):
                http.get(url, headers=headers, effect=effect, step=step)

    def test_a_fixture_with_a_member_that_nobody_knows_is_refused(self) -> None:
        for text in ('{"fixture":2,"exchanges":[]}', '{"fixture":1,"exchanges":[],"x":1}', '[{"request":{"urls":""},"answer":{}}]'):
            with self.subTest(text=text), self.assertRaises(AssertionError):
                TestHost.answering(text)

    def test_a_connector_logs_reports_and_asks_the_time(self) -> None:
        with TestHost.answering() as host:
            log.info("skipped", company=7)
            logging.getLogger("acme").warning("odd %s", "thing")
            run.progress(1, 2)
            self.assertEqual((run.now_ms(), len(run.random(2_000))), (1_795_253_400_000, 2_000))
            self.assertEqual(run.step_key("create"), "create22222222222222222222")
        self.assertEqual([(one.level, one.message, one.fields) for one in host.logs],
                         [(3, "skipped", {"company": "7"}), (2, "odd thing", {"logger": "acme"})])
        self.assertEqual(host.last_progress, (1, 2))

    def test_without_a_host_a_request_says_what_is_missing(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "TestHost"):
            http.get(URL)

    def test_a_files_bytes_stay_at_the_host(self) -> None:
        with TestHost.answering(ONE) as host:
            blob = http.get(URL, into_blob=True).blob
            assert blob is not None
            self.assertEqual((host.blob_size(blob), host.blob_read(blob, 1, 9)), (2, b"}"))


class AskedTest(unittest.TestCase):
    def test_a_cursor_of_another_shape_starts_the_stream_afresh(self) -> None:
        self.assertEqual(ReadRequest("x", b"17").cursor(int), 17)
        self.assertIsNone(ReadRequest("x").cursor(int))
        with self.assertRaises(CursorInvalid):
            ReadRequest("x", b"17").cursor(list[str])
        with self.assertRaises(Other):
            Page.end([], "x" * 65_536)
        with self.assertRaises(Other):
            Page.end([], {1, 2})

    def test_the_page_size_is_the_hint_within_the_providers_ceiling(self) -> None:
        sizes = [ReadRequest("x", page_hint=hint).page_size(100) for hint in (1_000, 7, 0)]
        self.assertEqual(sizes, [100, 7, 1])

    def test_settings_facts_and_payload_each_have_their_case(self) -> None:
        ctx = Context(facts={"firm": "7"}, settings_json=b'{"tasks":"yes"}')
        self.assertEqual(ctx.fact("firm"), "7")
        self.assertEqual(Context().settings(), {})
        for case, asked in [
            (AuthRequired, lambda: ctx.fact("realm")),
            (InvalidConfig, lambda: ctx.selected_account()),
            (InvalidConfig, lambda: ctx.settings(dict[str, bool])),
            (InvalidInput, lambda: Item("note", payload_json=b"[]").payload(dict[str, str])),
        ]:
            with self.assertRaises(case):
                asked()

    def test_an_item_knows_what_was_written_and_found(self) -> None:
        item = Item("note", ext=[("object", "7"), ("step.a", "8"), ("step.a.url", "https://x"), ("answered", "b")])
        self.assertEqual(item.written(), Object("7"))
        self.assertEqual((item.found("a"), item.found("b")), (Object("8", "https://x"), None))
        self.assertEqual(item.answered(), ["b"])
        self.assertEqual(Object(7).id, "7")
        with self.assertRaises(TypeError):
            Object(None)  # type: ignore[arg-type]
        self.assertNotEqual(random.random(), random.random())


if __name__ == "__main__":
    unittest.main()
