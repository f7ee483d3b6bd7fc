"""All tests of the SDK and of its example, by one command: `python3 sdk/python/tests/everything.py`."""

import os
import subprocess
import sys
from pathlib import Path

SDK = Path(__file__).parent.parent

# Each in a process of its own: both have a package `tests`.
ended = [
    subprocess.run([sys.executable, "-B", "-m", "unittest"], cwd=folder, env={**os.environ, "PYTHONPATH": str(SDK)})
    for folder in (SDK, SDK / "example")
]
sys.exit(max(one.returncode for one in ended))
