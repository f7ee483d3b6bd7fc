import json
import unittest
from dataclasses import dataclass

from patchbay_sdk import Effect, errors, http
from patchbay_sdk.host import NoAnswer, WireResponse
from patchbay_sdk.http.link import find
from patchbay_sdk.http.response import Response, failure
from patchbay_sdk.http.status import retry_after_ms
from patchbay_sdk.testing import TestHost

URL = "https://a.example/x"


@dataclass
class Id:
    id: int


def answer(effect: Effect, status: int, kind: str, body: str) -> Response:
    wire = WireResponse(status, [("content-type", kind)], body.encode())
    return Response(wire, f"GET {URL}", writes=effect is Effect.WRITE, asks=effect is Effect.READ)


def exchange(url: str = URL, method: str = "GET", **request: object) -> str:
    return json.dumps([{"request": {"method": method, "url": url, **request}, "answer": {}}])


class HttpTest(unittest.TestCase):
    def test_query_parameters_are_encoded_and_those_without_a_value_left_out(self) -> None:
        with TestHost.answering(exchange(f"{URL}?q=1&a%20b=1%262&n=7&yes=true")) as host:
            http.get(f"{URL}?q=1", params={"a b": "1&2", "n": 7, "yes": True, "no": None})
        self.assertEqual(host.requests[0].url, f"{URL}?q=1&a%20b=1%262&n=7&yes=true")

    def test_a_segment_that_would_climb_is_refused(self) -> None:
        self.assertEqual(http.address("https://a.example/v1/", "files", "a b/c", 7), "https://a.example/v1/files/a%20b%2Fc/7")
        for segment in ("", ".", ".."):
            with self.subTest(segment=segment), self.assertRaises(errors.InvalidInput):
                http.address("https://a.example", "x", segment)
        for missing in (None, True):
            with self.assertRaisesRegex(TypeError, "a path segment after https://a.example/x is"):
                http.address("https://a.example", "x", missing)

    def test_a_write_without_a_step_never_leaves(self) -> None:
        with TestHost.answering() as host, self.assertRaises(errors.Other):
            http.post(URL, json={}, effect=Effect.WRITE)
        self.assertEqual(host.requests, [])

    def test_each_body_goes_out_as_it_is_meant(self) -> None:
        with TestHost.answering(exchange(method="POST", headers={"content-type": "application/x-www-form-urlencoded"})):
            http.post(URL, form={"a b": "c&d"})
        with TestHost.answering(exchange(method="PUT", body={"n": "é"}, effect="repeatable")):
            http.put(URL, json={"n": "é"}, effect=Effect.REPEATABLE)
        with TestHost.answering(), self.assertRaises(TypeError):
            http.post(URL, json={}, content=b"x")

    def test_html_nothing_and_cut_json_are_no_answers(self) -> None:
        kind = "application/json; charset=utf-8"
        for media_type, body in [
            ("text/html", "<html>"),
            (kind, " \n<!doctype html>"),
            (kind, ""),
            (kind, '[{"id":'),
            ("text/plain", "{}"),
        ]:
            with self.subTest(body=body), self.assertRaises(errors.InvalidResponse):
                answer(Effect.READ, 200, media_type, body).json()
            with self.subTest(body=body), self.assertRaises(errors.InvalidResponse):
                answer(Effect.READ, 200, media_type, body).rows()
        with self.assertRaises(errors.InvalidResponse):
            answer(Effect.READ, 200, kind, '{"items":[{}]} x').rows("/items")
        self.assertEqual(answer(Effect.READ, 200, "application/vnd.x+json", "{}").json(), {})

    def test_an_unreadable_answer_to_a_write_leaves_the_outcome_unknown(self) -> None:
        with self.assertRaises(errors.OutcomeUnknown):
            answer(Effect.WRITE, 201, "application/json", "{").json()
        with self.assertRaises(errors.OutcomeUnknown):
            answer(Effect.WRITE, 201, "application/json", "{}").json(Id)

    def test_a_status_means_the_same_as_in_every_sdk(self) -> None:
        for status, read, write in [
            (401, errors.AuthRequired, errors.AuthRequired),
            (402, errors.PermissionDenied, errors.PermissionDenied),
            (404, errors.NotFound, errors.NotFound),
            (409, errors.Conflict, errors.Conflict),
            (422, errors.Other, errors.InvalidInput),
            (429, errors.RateLimited, errors.RateLimited),
            (425, errors.Transient, errors.Transient),
            (408, errors.Transient, errors.OutcomeUnknown),
            (503, errors.Transient, errors.OutcomeUnknown),
            (302, errors.InvalidResponse, errors.OutcomeUnknown),
            (418, errors.Other, errors.Other),
        ]:
            self.assertIs(type(answer(Effect.READ, status, "text/plain", "").error()), read, status)
            self.assertIs(type(answer(Effect.WRITE, status, "text/plain", "").error()), write, status)
        self.assertIs(type(answer(Effect.REPEATABLE, 422, "text/plain", "").error()), errors.InvalidInput)
        self.assertIs(type(answer(Effect.REPEATABLE, 503, "text/plain", "").error()), errors.Transient)

    def test_only_a_write_that_may_have_arrived_leaves_the_outcome_unknown(self) -> None:
        for case, write, read in [
            ("unknown", errors.OutcomeUnknown, errors.Transient),
            ("too-large", errors.OutcomeUnknown, errors.InvalidResponse),
            ("denied", errors.Other, errors.Other),
            ("other", errors.Other, errors.Other),
            ("not-sent", errors.Transient, errors.Transient),
            ("stopped", errors.Transient, errors.Transient),
        ]:
            self.assertIs(type(failure(case, "because", "POST /x", True)), write, case)
            self.assertIs(type(failure(case, "because", "POST /x", False)), read, case)

    def test_a_lost_answer_is_told_by_its_request_without_the_query(self) -> None:
        lost = json.dumps([{"request": {"method": "GET", "url": f"{URL}?key=s3cr3t"}, "answer": {"fails": "unknown"}}])
        with TestHost.answering(lost), self.assertRaises(errors.Transient) as error:
            http.get(URL, params={"key": "s3cr3t"})
        self.assertEqual(error.exception.detail, f"GET {URL}: the fixture says so")
        self.assertIsInstance(NoAnswer("x"), Exception)

    def test_an_error_holds_nothing_of_the_body(self) -> None:
        with self.assertRaises(errors.InvalidResponse) as error:
            answer(Effect.READ, 200, "application/json", '{"id":"s3cr3t-value"}').json(Id)
        self.assertNotIn("s3cr3t", repr(error.exception))

    def test_retry_after_may_be_seconds_or_a_date(self) -> None:
        with TestHost.answering():
            for text, wait in [
                (" 7 ", 7_000),
                ("Sat, 21 Nov 2026 09:30:05 GMT", 5_000),
                ("Sat, 21 Nov 2026 09:29:00 GMT", 0),
                ("soon", None),
                ("²", None),
            ]:
                self.assertEqual(retry_after_ms(text), wait, text)

    def test_the_next_page_is_found_among_its_neighbours(self) -> None:
        header = (
            '<https://a.example/x?page=1,2>; rel="prev", '
            '<https://a.example/x?page=3>; title="a, b"; rel="next last"'
        )
        self.assertEqual(find(header, "next"), "https://a.example/x?page=3")
        self.assertEqual(find(header, "prev"), "https://a.example/x?page=1,2")
        self.assertIsNone(find(header, "first"))
        for nonsense in ("", "<", "<a", "a>; rel=next", "<a>", "<a>; rel", "next"):
            self.assertIsNone(find(nonsense, "next"), nonsense)
