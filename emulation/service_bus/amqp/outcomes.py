"""Delivery states: what became of a message (OASIS AMQP 1.0 Part 3, §3.4)."""

from typing import Any
from uuid import uuid4

import msgspec

from emulation.service_bus.amqp.errors import Refused
from emulation.service_bus.codec import encode as write
from emulation.service_bus.codec.types import DecodeError, Described, Symbol, ULong, as_list, as_map

RECEIVED, ACCEPTED, REJECTED, RELEASED, MODIFIED = range(0x23, 0x28)
_NAMES = {
    "amqp:received:list": RECEIVED,
    "amqp:accepted:list": ACCEPTED,
    "amqp:rejected:list": REJECTED,
    "amqp:released:list": RELEASED,
    "amqp:modified:list": MODIFIED,
}
ACCEPTED_STATE = b"\x00\x53\x24\x45"
REJECTED_STATE = b"\x00\x53\x25\x45"


class Outcome(msgspec.Struct, frozen=True):
    """What a receiver says of a delivery.

    Args:
        kind: One of the descriptors above.
        failed: Modified: the delivery failed and counts.
        undeliverable_here: Modified: do not deliver it here again, which means defer.
        annotations: Modified: properties to set.
        error: Rejected: the fields of the error, if there was one.
    """

    kind: int
    failed: bool = False
    undeliverable_here: bool = False
    annotations: dict[str, Any] = {}
    error: list[Any] = []

    def echo(self) -> bytes:
        """Encode it as the broker's settled answer."""
        if self.kind == ACCEPTED:
            return ACCEPTED_STATE
        if self.kind == REJECTED:
            return REJECTED_STATE
        fields = [self.failed, self.undeliverable_here] if self.kind == MODIFIED else []
        return write.encode(Described(ULong(self.kind), fields))

    def dead_letter(self) -> tuple[str | None, str | None, dict[str, Any]]:
        """Return the reason and description of a rejection, and further properties to set."""
        info = as_map(self.error[2]) if len(self.error) > 2 else {}  # noqa: PLR2004 - condition, description, info
        reason, description = info.pop("DeadLetterReason", None), info.pop("DeadLetterErrorDescription", None)
        return _text(reason), _text(description), info


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def parse_outcome(state: object) -> Outcome:
    """Read a delivery state.

    Raises:
        DecodeError: It is not one of part 3, §3.4.
    """
    if not isinstance(state, Described):
        raise DecodeError("a disposition without a delivery state")
    descriptor = state.descriptor
    kind = descriptor if isinstance(descriptor, int) else _NAMES.get(str(descriptor), 0)
    fields = as_list(state.value)
    if kind == MODIFIED:
        failed, undeliverable, changes = (*fields, None, None, None)[:3]
        return Outcome(
            MODIFIED, failed=bool(failed), undeliverable_here=bool(undeliverable), annotations=as_map(changes)
        )
    if kind == REJECTED:
        error = fields[0].value if fields and isinstance(fields[0], Described) else None
        return Outcome(REJECTED, error=as_list(error))
    if not RECEIVED <= kind <= MODIFIED:
        msg = f"unknown delivery state {descriptor!r}"
        raise DecodeError(msg)
    return Outcome(kind)


def error_value(condition: str, description: str) -> Described:
    """Return an error for a detach, end or close; Azure ends its descriptions with a tracking id."""
    tracked = f"{description} TrackingId:{uuid4()}"
    return Described(ULong(0x1D), [Symbol(condition), tracked, {Symbol("com.microsoft:tracking-id"): tracked[-36:]}])


def rejection(refused: Refused) -> bytes:
    """Encode a refusal as a rejected outcome; its info map is never empty, which the Python SDK would wait on."""
    return write.encode(Described(ULong(REJECTED), [error_value(refused.condition, refused.description)]))
