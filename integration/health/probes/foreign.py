"""Do events of another Dataverse organization come in? Told from counts: each of them is a dead letter.

A copied environment keeps its service endpoints, and may have nothing to send for hours: only a whole day without any
says that it has been mended.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from integration.dead_letters.reasons import FOREIGN_ORGANIZATION
from integration.events.alerts import Failed
from integration.events.alerts.alert import MOST_NAMED
from integration.health.check import OK, Answer, not_asked
from integration.health.probes.growing import spoken
from integration.health.totals import Totals

WINDOW = timedelta(hours=24)
HINT = (
    "Remove the service endpoint from the copied environment, then purge the dead letters; if the id is right, mend "
    "`organization_id`."
)


class ForeignProbe:
    """Looks at the counts.

    Args:
        organizations: The names of those that are asked about.
    """

    def __init__(self, organizations: Collection[str]) -> None:
        self._organizations = organizations

    def ask(self, totals: Totals, now: datetime) -> Mapping[str, Answer]:
        """Answer for each organization.

        Args:
            totals: What the fleet has counted, over the window at least.
            now: The time.

        Returns:
            `bad` where there was any within `WINDOW`. The facts: how many (`count`), by `sources`, and when the first
            was (`since`); `failed` names the first ones, whose messages say of which organization they are.
        """
        recent = totals.since(now - WINDOW)
        return {name: _answer(recent.of(name), name) for name in self._organizations}


def _answer(mine: Totals, organization: str) -> Answer:
    by_source = mine.by("dead_lettered", lambda key: key.source if key.reason == FOREIGN_ORGANIZATION else "")
    by_source.pop("", None)
    if not by_source:
        return OK if mine.complete else not_asked("there are more counts than are read at once")
    count = sum(by_source.values())
    message = f"{count} events of another organization within {spoken(WINDOW)}"
    facts = {"count": str(count), "sources": ", ".join(f"{source} {number}" for source, number in by_source.items())}
    found = [
        (key, first) for key, first in mine.firsts("dead_lettered", organization) if key.reason == FOREIGN_ORGANIZATION
    ]
    if found:
        facts["since"] = found[0][1].at.isoformat()
        message = f"{message}; first: {found[0][1].message}"
    failed = tuple(
        Failed(type=first.type, id=first.id, code=key.reason, message=first.message)
        for key, first in found[:MOST_NAMED]
    )
    return Answer(health="bad", code=FOREIGN_ORGANIZATION, message=message, hint=HINT, facts=facts, failed=failed)
