"""What a project says about itself: its connector's class, and by that what the component exports."""

from __future__ import annotations

import importlib
import sys
import tomllib
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Wrong(Exception):
    """Why there is no component, in words for the author."""


@dataclass(frozen=True)
class Project:
    """A connector that can be built."""

    module: str
    name: str
    fetches: bool
    pushes: bool

    @property
    def world(self) -> str:
        """The world of the WIT files that exports as much."""
        return {(True, True): "connector", (True, False): "source", (False, True): "sink"}[self.fetches, self.pushes]

    @property
    def parts(self) -> list[str]:
        """The exported interfaces."""
        return ["auth"] + ["fetch"] * self.fetches + ["push"] * self.pushes


def of(folder: Path) -> Project:
    """Reads `[tool.patchbay]` of pyproject.toml, and looks at the class that it names."""
    module, name = _named(folder / "pyproject.toml")
    sys.path.insert(0, str(folder))
    try:
        found = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise Wrong(
            f"{module}: {error}. A package that the connector needs stands in requirements.txt, "
            "and can be used when it is pure Python"
        ) from None
    except SyntaxError as error:
        # The place is in the error; the frames above it are Python's own.
        raise Wrong("".join(traceback.format_exception_only(error)).strip()) from None
    except AttributeError:
        raise Wrong(f"{module} has no class {name}; pyproject.toml names it under [tool.patchbay] connector") from None
    return _checked(module, name, found)


def _named(file: Path) -> tuple[str, str]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Wrong(f"{file} is not there") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Wrong(f"{file}: {error}") from None
    named = document.get("tool", {}).get("patchbay", {}).get("connector", "connector:Connector")
    module, colon, name = str(named).partition(":")
    if not colon or not all(part.isidentifier() for part in [*module.split("."), name]):
        raise Wrong(f'{file}: [tool.patchbay] connector = "module:Class" is needed, not "{named}"')
    return module, name


def _checked(module: str, name: str, found: Any) -> Project:
    from patchbay_sdk import Auth, Fetch, Push

    if not isinstance(found, type) or not issubclass(found, Auth):
        raise Wrong(f"{module}.{name} is no class that derives from patchbay_sdk.Auth")
    fetches, pushes = issubclass(found, Fetch), issubclass(found, Push)
    if not fetches and not pushes:
        raise Wrong(f"{module}.{name} neither reads nor writes: derive it from patchbay_sdk.Fetch, Push, or both")
    lacking = sorted(found.__abstractmethods__)
    if lacking:
        raise Wrong(f"{module}.{name} lacks {', '.join(lacking)}")
    return Project(module, name, fetches, pushes)
