"""What a card reads of an alert, whichever version of fno-link wrote it: a delivery may have waited for days."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from integration.events.alerts import BY_NAME, Environment, Failed
from integration.events.event import Event


class Said(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The data of an alert, as far as it is there; the arguments are those of `Alert`."""

    organization: str = ""
    subject: str = ""
    incident: str = ""
    transition: str = ""
    n: int = 0
    since: datetime | None = None
    code: str = ""
    message: str = ""
    hint: str = ""
    link: Environment | None = None
    previous: Environment | None = None
    children: tuple[str, ...] = ()
    children_left_out: int = 0
    failed: tuple[Failed, ...] = ()
    facts: Mapping[str, str] = {}
    page: str = ""
    command: str = ""

    @classmethod
    def of(cls, event: Event) -> "Said | None":
        """Read an alert of a type that is known; None of any other event."""
        if not event.internal or event.type not in BY_NAME:
            return None
        try:
            return msgspec.json.decode(event.data, type=cls)
        except msgspec.MsgspecError:
            return None
