import unittest

from patchbay_sdk import InvalidResponse, Page, Records, Row
from patchbay_sdk.records import RECORD_BYTES, rows_of
from patchbay_sdk.shape import Wrong


class RecordsTest(unittest.TestCase):
    def test_a_record_passes_through_as_the_provider_wrote_it(self) -> None:
        body = '[ {"id": 1.50, "n":"\\u00e9", "big":12345678901234567890.12} ,\n{}]'.encode()
        records = Records(rows_of(body, ""))
        self.assertEqual(
            records.json().decode(), '[{"id": 1.50, "n":"\\u00e9", "big":12345678901234567890.12},{}]'
        )
        self.assertEqual(len(records), 2)

    def test_rows_are_found_at_their_pointer(self) -> None:
        body = b'{"x":{"items":[1]}, "data" : {"a/b":[{"id":2.0}], "items":[ {"id":1} ]}, "items":3}'
        self.assertEqual([row.text for row in rows_of(body, "/data/items")], ['{"id":1}'])
        self.assertEqual([row.text for row in rows_of(body, "/data/a~1b")], ['{"id":2.0}'])
        # Of a name that comes twice the last one holds, as for every reader of JSON.
        self.assertEqual(rows_of(b'{"i":[{"a":1}],"i":[]}', "/i"), [])

    def test_what_is_no_list_of_objects_is_refused(self) -> None:
        for body, pointer in [
            ("{}", ""),
            ("[1]", ""),
            ("[[]]", ""),
            ("[{}", ""),
            ("[{},]", ""),
            ("[{} {}]", ""),
            ("", ""),
            ("<html>", ""),
            ("[{}] x", ""),
            ("null", ""),
            ('[{"a":NaN}]', ""),
            ('{"items":[{}]', "/items"),
            ('{"items":null}', "/items"),
            ('{"items":[{}]}', "/rows"),
            ('{"items" [{}]}', "/items"),
            ('{"items":[{}]}', "/items/0"),
            ("[" * 200_000, ""),
        ]:
            with self.subTest(body=body[:40]), self.assertRaises(Wrong):
                rows_of(body.encode(), pointer)

    def test_members_stand_before_the_records_own_and_values_keep_their_text(self) -> None:
        row = rows_of(b'[{"id":1.0,"a\\"b":{"x": [1]},"p":2}]', "")[0]
        records = Records()
        records.push(row, company_id="7", p='"')
        records.push({"id": 1, "p": 2}, p="1")
        records.push(rows_of(b"[{}]", "")[0], p="1")
        self.assertEqual(
            records.json(), b'[{"company_id":"7","p":"\\"","id":1.0,"a\\"b":{"x": [1]}},{"p":"1","id":1},{"p":"1"}]'
        )

    def test_a_row_reads_like_a_dict_and_does_not_show_what_it_holds(self) -> None:
        row = rows_of(b'[{"id":1,"name":"s3cr3t"}]', "")[0]
        self.assertEqual((row["id"], row.get("nothing"), dict(row)), (1, None, {"id": 1, "name": "s3cr3t"}))
        self.assertNotIn("s3cr3t", repr(row))
        self.assertIsInstance(row, Row)

    def test_what_is_too_much_or_no_record_is_refused(self) -> None:
        with self.assertRaises(InvalidResponse):
            Records([{"text": "x" * RECORD_BYTES}])
        with self.assertRaises(InvalidResponse):
            Records([{"n": float("inf")}])
        with self.assertRaises(InvalidResponse):
            Records([[]])  # type: ignore[list-item]
        with self.assertRaises(InvalidResponse):
            Page.end([{}] * 1_001, None)
