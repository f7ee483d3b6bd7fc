"""Lets the tests find the SDK, which `patchbay new` and `patchbay build` lay into `.patchbay`."""

import sys
from pathlib import Path

OWN = Path(__file__).parent.parent / ".patchbay"
sys.path[:0] = [str(OWN / "sdk" / "python"), str(OWN / "packages")]
