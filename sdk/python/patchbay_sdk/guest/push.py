"""The exported interface `push`."""

from __future__ import annotations

from typing import Any

from wit_world.exports import push as contract
from wit_world.imports import types

from ..connector import Push
from ..item import Attachment, Item, Object, Outcome
from . import call

_OUTCOMES: dict[str, Any] = {
    "created": contract.Outcome_Created,
    "updated": contract.Outcome_Updated,
    "exists": contract.Outcome_Exists,
}


def exported(connector: Push) -> type:
    """The class that the component exports for this connector."""

    class Exported:
        def push(self, ctx: types.Context, item: contract.Item) -> contract.Outcome:
            return call.answered(lambda: _outcome(connector.push(call.context(ctx), _item(item))))

        def find(self, ctx: types.Context, item: contract.Item, step: str, sent_ms: int) -> contract.Object | None:
            def look() -> contract.Object | None:
                found = connector.find(call.context(ctx), _item(item), step, sent_ms)
                return None if found is None else _object(found)

            return call.answered(look)

    return Exported


def _item(item: contract.Item) -> Item:
    return Item(
        action=item.action,
        key=item.key,
        target_json=item.target,
        payload_json=item.payload,
        attachments=[Attachment(one.blob, one.name, one.media_type, one.size, one.sha256) for one in item.attachments],
        attempt=item.attempt,
        ext=[(one.key, one.value) for one in item.ext],
    )


def _outcome(outcome: Outcome) -> contract.Outcome:
    made: contract.Outcome = _OUTCOMES[outcome.kind](_object(outcome.object))
    return made


def _object(object: Object) -> contract.Object:
    return contract.Object(call.text(str(object.id), "an id"), call.maybe(object.url, "an address"), [])
