"""Running a connector's code natively against recorded answers, in milliseconds and without Wasm.

A `TestHost` stands in for the host as long as its `with` block lasts. It answers from fixtures, checks each request as the
gate would, and fails the test when an answer was not used.

    with TestHost.answering(FIXTURES / "identify.json"):
        self.assertEqual(Acme().identify(Context()).name, "Acme BV")

A fixture is one call and the provider's part of it; `patchbay check` runs the packaged component over the same files, and
`patchbay record` writes them:

    {
      "fixture": 1,
      "call": { "read": { "stream": "notes", "page-hint": 2 } },
      "now": "2026-11-21T10:00:00Z",
      "exchanges": [
        { "request": { "method": "GET", "url": "https://api.acme.example/v1/notes?limit=2" },
          "answer":  { "body": [{ "id": 1 }, { "id": 2 }] } }
      ]
    }

A test makes the call itself, so a `TestHost` takes `exchanges` and, where it is said, `now`; a bare array of exchanges does
as well. Every member is explained in the repository's `plugins/README.md`.
"""

from .reading import Reading, read_all
from .test_host import LogLine, SentRequest, TestHost

__all__ = ["LogLine", "Reading", "SentRequest", "TestHost", "read_all"]
