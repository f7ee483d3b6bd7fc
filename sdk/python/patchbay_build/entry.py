"""The module that becomes the component: it makes the connector, and hands out what is exported.

`componentize-py` imports it inside the sandbox and takes a picture of the memory, so whatever it imports is there at the
start of each run, and nothing else is: a component has no files. What lies about in the memory is in the picture as well;
`sweep` takes care of that, as the last thing.
"""

from __future__ import annotations

from .project import Project

NAME = "patchbay_entry"
#: Where the project's folder is while the component is built: the second one that `componentize-py` is told.
PROJECT = "/1/"


def text(project: Project) -> str:
    """The module's source."""
    lines = [
        "from patchbay_sdk.guest import call, sandbox, sweep",
        f"import {project.module} as author",
        *(f"from patchbay_sdk.guest import {part} as exports_{part}" for part in project.parts),
        f"connector = author.{project.name}()",
        *(f"{part.capitalize()} = exports_{part}.exported(connector)" for part in project.parts),
        f"call.remember_sources({PROJECT!r})",
        "sandbox.close()",
        "sweep.sweep()",
    ]
    return "\n".join(lines) + "\n"
