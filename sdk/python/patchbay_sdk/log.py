"""Lines in the run's log, which an operator reads.

Put what varies into fields and keep the message the same, so that one search finds all. Never log a record.

    log.info("skipped a company that is hidden", company=398211)

`print` and the module `logging` end there as well.
"""

from __future__ import annotations

import logging

from . import host

ERROR, WARNING, INFO, DEBUG = 1, 2, 3, 4


def error(message: str, **fields: object) -> None:
    """Something failed."""
    _line(ERROR, message, fields)


def warn(message: str, **fields: object) -> None:
    """Something is odd, and the run goes on."""
    _line(WARNING, message, fields)


def info(message: str, **fields: object) -> None:
    """Something that an operator wants to know."""
    _line(INFO, message, fields)


def debug(message: str, **fields: object) -> None:
    """Something that the connector's author wants to know."""
    _line(DEBUG, message, fields)


def _line(level: int, message: str, fields: dict[str, object]) -> None:
    host.current().log(level, message, [(name, str(value)) for name, value in fields.items()])


class Handler(logging.Handler):
    """What `logging` says, as lines of the run's log."""

    def emit(self, record: logging.LogRecord) -> None:
        level = ERROR if record.levelno >= logging.ERROR else WARNING if record.levelno >= logging.WARNING else INFO
        level = level if record.levelno >= logging.INFO else DEBUG
        fields = [("logger", record.name)] if record.name != "root" else []
        if record.exc_info and record.exc_info[0] is not None:
            fields.append(("exception", record.exc_info[0].__name__))
        host.current().log(level, record.getMessage(), fields)


def take_over() -> None:
    """Has `logging` write to the run's log, from `INFO` on."""
    root = logging.getLogger()
    if not any(isinstance(handler, Handler) for handler in root.handlers):
        root.addHandler(Handler())
        root.setLevel(logging.INFO)
