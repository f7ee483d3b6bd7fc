import unittest

from patchbay_sdk import time
from patchbay_sdk.time import LAST_MS, parse_http_date


class TimeTest(unittest.TestCase):
    def test_moments_and_their_text_agree(self) -> None:
        ms = 1_795_253_400_000
        self.assertEqual(time.rfc3339(ms), "2026-11-21T09:30:00Z")
        self.assertEqual(time.date(ms), "2026-11-21")
        self.assertEqual(time.parse_rfc3339("2026-11-21T10:30:00.0009+01:00"), ms)
        self.assertEqual(time.parse_rfc3339("2026-11-21T00:00:00.5-09:30"), ms + 500)
        self.assertEqual(parse_http_date("Sat, 21 Nov 2026 09:30:00 GMT"), ms)
        self.assertEqual(time.rfc3339(1 << 63), time.rfc3339(LAST_MS))

    def test_what_is_no_moment_is_refused(self) -> None:
        for text in [
            "2026-11-21T10:30:00",
            "2026-11-31T10:30:00Z",
            "2025-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T10:30:61Z",
            "2026-11-21T10:30:00.Z",
            "2026-11-21T10:30:00+1:00",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+01:00",
            "2026-11-21",
            "٢٠٢٦-11-21T10:30:00Z",
            "yesterday",
            "",
            None,
            7,
        ]:
            self.assertIsNone(time.parse_rfc3339(text), text)
