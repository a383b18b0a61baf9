"""What became of a message: told from the journal's rows and the dead letters, decided without asking anybody."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, cast

import msgspec

OPEN = frozenset({"received", "deferred"})
# A row that is so much older than the sending is another message's.
_CLOCKS = timedelta(seconds=5)


class Exit(IntEnum):
    """How `fno-link send` ends: delivered; refused, parked or a dead letter; wrong usage; not known."""

    DELIVERED = 0
    NOT_DELIVERED = 1
    USAGE = 2
    UNKNOWN = 3


class Delivery(msgspec.Struct, frozen=True):
    """One delivery as the journal has it."""

    route: str
    target: str
    state: str
    attempts: int = 0
    status: int | None = None
    code: str = ""
    until: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        parts = [f"{self.route or '(event)'} → {self.target or '-'}: {self.state}"]
        parts += [f"after {self.attempts} attempts"] if self.attempts > 1 else []
        parts += [f"status {self.status}"] if self.status else []
        parts += [self.code] if self.code else []
        parts += [f"again {self.until}"] if self.until and self.state == "deferred" else []
        return ", ".join(parts)


class Became(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event.

    Args:
        id: Its id; empty where no event could be read.
        type: Its type.
        state: As the journal has it, or `dead_lettered`.
        reason: Why nothing was to be delivered, or why it is a dead letter.
        duplicate: Whether it had been there before.
        deliveries: Its deliveries.
    """

    id: str = ""
    type: str = ""
    state: str
    reason: str = ""
    duplicate: bool = False
    deliveries: tuple[Delivery, ...] = ()

    @property
    def open(self) -> bool:
        """Whether something may still become of it."""
        return self.state in OPEN or any(each.state in OPEN for each in self.deliveries)

    @property
    def exit(self) -> Exit:
        """How a command ends that has sent this."""
        if self.open:
            return Exit.UNKNOWN
        return Exit.DELIVERED if self.state == "done" else Exit.NOT_DELIVERED


def of_row(row: dict[str, Any], began: datetime) -> Became:
    """Read a row of the journal.

    Args:
        row: As `GET /api/events/{id}` answers it.
        began: When sending began.
    """
    deliveries = cast("list[dict[str, Any]]", row.get("deliveries") or [])
    return Became(
        id=str(row.get("id") or row.get("key") or ""),
        type=str(row.get("type") or ""),
        state=str(row.get("state") or ""),
        reason=str(row.get("reason") or ""),
        duplicate=_before(row.get("acceptedAt"), began),
        deliveries=tuple(map(_delivery, deliveries)),
    )


def of_dead_letter(letter: dict[str, Any]) -> Became:
    """Read a dead letter of a message that no event could be read from.

    Args:
        letter: As `GET /api/dead-letters` lists it.
    """
    reason = f"{letter.get('reason', '')}: {letter.get('message', '')}"
    return Became(id=str(letter.get("eventId") or ""), state="dead_lettered", reason=reason)


def exit_of(found: Sequence[Became]) -> Exit:
    """Return the worst of several ends; nothing found: it is not known."""
    if not found:
        return Exit.UNKNOWN
    ends = {each.exit for each in found}
    return next(each for each in (Exit.NOT_DELIVERED, Exit.UNKNOWN, Exit.DELIVERED) if each in ends)


def _delivery(row: dict[str, Any]) -> Delivery:
    status = row.get("status")
    return Delivery(
        *(str(row.get(name) or "") for name in ("route", "target", "state")),
        attempts=int(row.get("attempts") or 0),
        status=status if isinstance(status, int) else None,
        code=str(row.get("code") or ""),
        until=str(row.get("until") or ""),
    )


def _before(accepted: object, began: datetime) -> bool:
    try:
        return datetime.fromisoformat(str(accepted)) < began - _CLOCKS
    except (ValueError, TypeError):
        return False
