"""Programs that show a token of Entra instead of a function key."""

from typing import Literal

type Role = Literal["link.read", "events.read", "events.replay", "operations.write"]
"""The app roles by which a caller with a token may ask: none implies another.

`link.read` asks for links and lets one be asked anew; `events.read` reads what happened: events, dead letters, parked
deliveries, incidents, maintenance, how everything stands; `events.replay` sends again; `operations.write` changes what
is kept or told: purges, acknowledgements, maintenance.
"""
