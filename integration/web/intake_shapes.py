"""What the intake answers."""

import msgspec


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A message is stored: what becomes of it is told by its event."""

    accepted: bool


class ValidationResponse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Event Grid's handshake."""

    validation_response: str
