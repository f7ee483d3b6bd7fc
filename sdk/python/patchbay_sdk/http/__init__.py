"""Requests to the provider, through the host's egress gate.

The gate fills in the credential, waits for the declared rate, refreshes an expired token, retries what may be retried and
obeys `Retry-After`. So there is no retry and no waiting here: send, look at the status, read.

    user = http.get("https://api.acme.example/v1/me", params={"fields": "id,name"}).ok().json(User)

    http.post(
        "https://api.acme.example/v1/notes",
        json={"text": "Hello", "by": user.id},
        effect=Effect.WRITE,
        step="create",
    ).ok()
"""

from .request import Credential, Effect, Part, address, delete, get, head, patch, post, put, request
from .response import Response

__all__ = [
    "Credential",
    "Effect",
    "Part",
    "Response",
    "address",
    "delete",
    "get",
    "head",
    "patch",
    "post",
    "put",
    "request",
]
