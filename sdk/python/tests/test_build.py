import tempfile
import textwrap
import unittest
from pathlib import Path

from patchbay_build import entry, project
from patchbay_build.strip import strip

_MODULE = b"\0asm\x01\0\0\0"
_COMPONENT = b"\0asm\x0d\0\x01\0"


def section(kind: int, body: bytes) -> bytes:
    # A size of one byte, and one of two, both ways of writing a number.
    size = bytes([len(body)]) if len(body) < 128 else bytes([len(body) & 127 | 128, len(body) >> 7])
    return bytes([kind]) + size + body


def custom(name: str, size: int = 3) -> bytes:
    return section(0, bytes([len(name)]) + name.encode() + b"x" * size)


def described(source: str, connector: str = "sample:Sample") -> project.Project:
    """The project of this module, which is imported under a name of its own."""
    described.count += 1  # type: ignore[attr-defined]
    module = f"sample{described.count}"  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        text = f'[tool.patchbay]\nconnector = "{connector.replace("sample", module)}"\n'
        (Path(folder) / "pyproject.toml").write_text(text)
        (Path(folder) / f"{module}.py").write_text("from patchbay_sdk import *\n" + textwrap.dedent(source))
        return project.of(Path(folder))


described.count = 0  # type: ignore[attr-defined]

READS = """
    class Sample(Auth, Fetch):
        def identify(self, ctx): ...
        def read(self, ctx, request): ...
"""


class StripTest(unittest.TestCase):
    def test_names_go_and_everything_else_stays_where_it_was(self) -> None:
        code = section(10, b"c" * 300)
        module = _MODULE + custom("name") + code + custom("producers", 200)
        lean = _MODULE + code
        nested = _COMPONENT + section(1, module) + custom("name")
        component = _COMPONENT + custom("kept", 200) + section(1, module) + section(4, nested) + custom(".debug_info")
        inner = _COMPONENT + section(1, lean)
        self.assertEqual(strip(component), _COMPONENT + custom("kept", 200) + section(1, lean) + section(4, inner))
        self.assertEqual(strip(lean), lean)


class ProjectTest(unittest.TestCase):
    def test_a_mistake_in_the_syntax_is_told_with_its_place_and_without_frames(self) -> None:
        with self.assertRaises(project.Wrong) as wrong:
            described("def broken(:")
        self.assertIn("line 2", str(wrong.exception))
        self.assertIn("SyntaxError", str(wrong.exception))
        self.assertNotIn("importlib", str(wrong.exception))

    def test_a_component_exports_what_the_class_derives_from(self) -> None:
        found = described(READS)
        self.assertEqual((found.world, found.parts), ("source", ["auth", "fetch"]))
        writes = READS.replace("Fetch", "Push").replace("read(self, ctx, request)", "push(self, ctx, item)")
        self.assertEqual(described(writes).world, "sink")
        both = READS.replace("Fetch)", "Fetch, Push)") + "        def push(self, ctx, item): ...\n"
        self.assertEqual(described(both).world, "connector")
        text = entry.text(found)
        self.assertIn("Fetch = exports_fetch.exported(connector)", text)
        self.assertNotIn("push", text)

    def test_what_is_wrong_with_a_class_is_said_before_anything_is_built(self) -> None:
        for source, connector, why in [
            (READS, "sample", "module:Class"),
            (READS, "sample:Another", "no class Another"),
            (READS, "nowhere:Sample", "nowhere"),
            ("class Sample: ...", "sample:Sample", "derives from patchbay_sdk.Auth"),
            (READS.replace(", Fetch", ""), "sample:Sample", "neither reads nor writes"),
            (READS.replace("def read", "def reed"), "sample:Sample", "lacks read"),
            ("import no_such_package", "sample:Sample", "requirements.txt"),
        ]:
            with self.subTest(why=why), self.assertRaisesRegex(project.Wrong, why):
                described(source, connector)
