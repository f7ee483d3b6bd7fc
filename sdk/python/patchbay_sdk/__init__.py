"""Write a Patchbay connector in Python.

A connector is one sandboxed component for one provider. The host does what must be trusted: it logs in, keeps the
credential, schedules, sends the requests, stores records and cursors, journals writes. The connector says what to ask the
provider and how to read the answer. The page beside this package, `README.md`, begins from zero.
"""

from . import blob, http, log, run
# Not in `__all__`: a star must not lay it over the library's own.
from . import time as time
from .connector import Auth, Fetch, Push
from .context import Context
from .errors import (
    AuthRequired,
    Conflict,
    CursorInvalid,
    Error,
    InvalidConfig,
    InvalidInput,
    InvalidResponse,
    NotFound,
    Other,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    Transient,
    Unsupported,
)
from .http import Credential, Effect
from .identity import Account, Identity
from .item import Attachment, Item, Object, Outcome
from .page import Choice, Choices, Page, PickRequest, ReadRequest, StreamInfo
from .records import Records, Row

__version__ = "0.1.0"

__all__ = [
    "Account",
    "Attachment",
    "Auth",
    "AuthRequired",
    "Choice",
    "Choices",
    "Conflict",
    "Context",
    "Credential",
    "CursorInvalid",
    "Effect",
    "Error",
    "Fetch",
    "Identity",
    "InvalidConfig",
    "InvalidInput",
    "InvalidResponse",
    "Item",
    "NotFound",
    "Object",
    "Other",
    "Outcome",
    "OutcomeUnknown",
    "Page",
    "PermissionDenied",
    "PickRequest",
    "Push",
    "RateLimited",
    "ReadRequest",
    "Records",
    "Row",
    "StreamInfo",
    "Transient",
    "Unsupported",
    "blob",
    "http",
    "log",
    "run",
]
