"""A change, from the steps before it to those that hear of it afterwards; and messages without a row."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from emulation.dynamics.sending.context import Happened
from emulation.dynamics.sending.happening import changed_columns, of_change, told_from_outside
from emulation.dynamics.sending.sender import Sender
from emulation.dynamics.sending.where import Where
from emulation.dynamics.tables.seeds import is_virtual
from emulation.dynamics.writing.http import Written


async def announced(sender: Sender, where: Where, written: Written, at: datetime) -> None:
    """Keep a change, unless a synchronous step fails.

    Args:
        sender: Sends what steps send.
        where: The organization, and who called it.
        written: What is written; its change is there.
        at: When.

    Raises:
        Refused: A synchronous step failed; nothing is kept.
    """
    change, correlation = written.change, str(uuid4())
    if change is None:
        written.keep()
        return
    happened = of_change(change, written.table, at, correlation)
    changed = changed_columns(change, happened.columns)
    told = [happened]
    if is_virtual(change.table):
        told.append(told_from_outside(change, written.table, at, correlation))
    for each in told:
        await sender.send_now(where, each, changed)
    written.keep()
    for each in told:
        sender.send_later(where, each, changed)


async def raised(sender: Sender, where: Where, message: str, parameters: Mapping[str, Any]) -> None:
    """Raise a message without a row, as finance and operations raise their business events.

    Raises:
        Refused: A synchronous step failed.
    """
    happened = Happened(
        message, "none", "", parameters, parameters, {}, {}, {}, {}, "", datetime.now(UTC), str(uuid4())
    )
    await sender.send_now(where, happened, frozenset())
    sender.send_later(where, happened, frozenset())
