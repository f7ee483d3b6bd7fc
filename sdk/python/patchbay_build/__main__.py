"""See the package."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from . import entry, project, strip


def main() -> int:
    parser = argparse.ArgumentParser(prog="patchbay_build")
    parser.add_argument("project", type=Path)
    for name in ("wit", "sdk", "packages", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    try:
        build(args.project, args.wit, args.sdk, args.packages, args.out)
    except project.Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 1
    return 0


def build(folder: Path, wit: Path, sdk: Path, packages: Path, out: Path) -> None:
    """Makes the component and writes it whole or not at all."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(packages))
    found = project.of(folder)
    with tempfile.TemporaryDirectory() as made:
        entry_file = Path(made) / f"{entry.NAME}.py"
        entry_file.write_text(entry.text(found), encoding="utf-8")
        paths = [made, str(folder), str(sdk), *([str(packages)] if packages.is_dir() else [])]
        component = Path(made) / "component.wasm"
        command = [Path(sys.executable).with_name("componentize-py"), "-q", "-d", wit, "-w", found.world, "componentize"]
        command += [argument for path in paths for argument in ("-p", path)]
        ran = subprocess.run([*map(str, command), entry.NAME, "-o", str(component)], capture_output=True, text=True)
        if ran.returncode != 0:
            raise project.Wrong(_readable(ran.stderr + ran.stdout))
        part = out.with_suffix(".part")
        part.write_bytes(strip.strip(component.read_bytes()))
        part.replace(out)


def _readable(said: str) -> str:
    """Of what `componentize-py` said, the traceback of the connector; all of it where there is none."""
    begin = said.find("Traceback (most recent call last)")
    end = said.find("\n\n", begin)
    return said[begin:end].strip() if begin >= 0 else said.split("Stack backtrace:")[0].strip()


sys.exit(main())
