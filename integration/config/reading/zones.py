"""Time zones: whether a name is an IANA zone that this machine can compute with.

`zoneinfo` takes the machine's own database first and the package `tzdata` where there is none (the section "Data
sources" of its documentation). Windows, and slim images such as those of Azure Functions, may have none: the package is
a dependency. `ZoneInfo(name)` alone does not judge a name: it opens whatever file is called so (`posixrules`,
`right/Europe/Berlin`), in any case where the file system does not tell.
"""

from functools import cache
from zoneinfo import available_timezones

from integration.config.reading.judging import Fault
from integration.config.reading.nearest import nearest

available = cache(available_timezones)
"""The names of all zones; looked up once, when the first window is read: hundreds of files are opened."""

EXAMPLES = "an IANA zone such as UTC, Europe/Berlin or America/New_York"


def check_zone(text: str) -> Fault | None:
    """Judge the name of a zone."""
    zones = available()
    if text == "UTC" or text in zones:
        return None
    if not zones:
        return Fault("this machine has no time zone database", "install the Python package tzdata")
    by_lower = {zone.lower(): zone for zone in zones}
    near = nearest(text.lower().replace(" ", "_"), by_lower)
    return Fault("{} is no time zone", f"did you mean `{by_lower[near]}`? {EXAMPLES}" if near else EXAMPLES)
