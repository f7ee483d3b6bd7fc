import unittest
from dataclasses import dataclass, field
from typing import Any, TypedDict

from patchbay_sdk import shape


@dataclass
class Line:
    amount: float
    note: str | None = None


@dataclass
class Order:
    id: int
    lines: list[Line] = field(default_factory=list)


class Named(TypedDict):
    name: str


class ShapeTest(unittest.TestCase):
    def test_what_is_not_named_is_ignored_and_what_is_absent_takes_its_default(self) -> None:
        order = shape.read(b'{"id":7,"lines":[{"amount":2,"x":[]}],"more":1}', Order)
        self.assertEqual(order, Order(7, [Line(2.0)]))
        self.assertEqual(shape.read(b'{"id":7}', Order), Order(7))
        self.assertEqual(shape.read(b'{"name":"A","x":1}', Named), {"name": "A"})
        self.assertEqual(shape.read(b'{"a":[null,1]}', dict[str, list[int | None]]), {"a": [None, 1]})
        self.assertEqual(shape.read(b"[1]", Any), [1])

    def test_nothing_is_converted(self) -> None:
        for text, kind in [
            (b'{"id":"7"}', Order),
            (b'{"id":true}', Order),
            (b'{"id":7.0}', Order),
            (b'{"id":null}', Order),
            (b'{"id":7,"lines":[{"amount":"2"}]}', Order),
            (b"[]", Order),
            (b"{}", Order),
            (b"{}", Named),
            (b"1", str),
            (b'"1"', int | None),
        ]:
            with self.subTest(text=text), self.assertRaises(shape.Wrong):
                shape.read(text, kind)

    def test_what_is_wrong_is_told_by_its_place_and_never_by_its_value(self) -> None:
        for text, told in [
            (b'{"id":7,"lines":[{"amount":"s3cr3t"}]}', "/lines/0/amount is a text, not a number"),
            (b'{"id":"s3cr3t"}', "/id is a text, not a whole number"),
            (b'{"lines":[]}', "/id is missing"),
            (b'"s3cr3t"', "the document is a text, not an object"),
            (b'{"id": s3cr3t', "JSON that breaks off or cannot be read at line 1 column 8"),
            (b"\xff\xfe\xfd", "text that is not UTF-8"),
            (b'{"id":NaN}', "NaN, which is no JSON"),
        ]:
            with self.subTest(text=text), self.assertRaises(shape.Wrong) as wrong:
                shape.read(text, Order)
            self.assertEqual(str(wrong.exception), told)

    def test_a_document_that_is_nested_without_end_is_refused_before_it_is_read(self) -> None:
        for text in (b"[" * 200_000, b"[" * 500 + b"]" * 500, b'{"a":' * 500 + b"1" + b"}" * 500, b'[{"a":' * 300):
            with self.subTest(text=text[:9]), self.assertRaisesRegex(shape.Wrong, "too deep"):
                shape.parse(text)

    def test_what_is_long_is_not_deep_and_brackets_in_texts_do_not_count(self) -> None:
        for text in (
            b"[" * 128 + b"]" * 128,
            b'["' + b"[{" * 5_000 + b'"]',
            rb'["\"' + b"[" * 5_000 + rb'", "\\", "\\\"' + b"[" * 5_000 + b'"]',
            b"[" + b",".join([b'{"a":[{}]}'] * 5_000) + b"]",
        ):
            shape.parse(text)

    def test_a_dataclass_is_written_without_the_members_that_may_be_absent(self) -> None:
        self.assertEqual(shape.plain(Order(7, [Line(2.0)])), {"id": 7, "lines": [{"amount": 2.0}]})
