"""A change of a row, as plug-in steps are told of it."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

type Message = Literal["Create", "Update", "Delete"]


class Change(msgspec.Struct, frozen=True):
    """A change.

    Args:
        message: What is done.
        entity_set: The table's entity set.
        table: Its logical name.
        key: The row's id.
        before: The row before; empty: there was none.
        after: The row afterwards; empty: it is gone.
        given: What the caller gave, by property: the target.
        user: The id of the caller.
        agent: Its User-Agent.
    """

    message: Message
    entity_set: str
    table: str
    key: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    given: Mapping[str, Any]
    user: str
    agent: str = ""
