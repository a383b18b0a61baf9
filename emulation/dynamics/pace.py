"""How long Dataverse waits: for a receiver, and between attempts."""

import msgspec


class Pace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long Dataverse waits.

    Args:
        webhook_timeout: Seconds that a webhook may take; 60 are documented.
        webhook_pause: Seconds before the second attempt; documented nowhere.
        bus_pauses: Seconds before each further attempt at a bus; documented is only that they grow.
    """

    webhook_timeout: float = 60.0
    webhook_pause: float = 1.0
    bus_pauses: tuple[float, ...] = (60.0, 120.0, 240.0, 480.0)
