"""How one subject stands: its machines together, as its row keeps them; and what rows of before incidents become."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from integration.health.check import Kind
from integration.health.days import Days
from integration.health.machine import Incident, State
from integration.health.maintenance import PlatformView
from integration.health.probes.remembered import Past, Remembered
from integration.health.waits import Waits

VERSION = 2
APP = "app"

type Sort = Literal["organization", "target", "source", "app"]

_ALONE: tuple[Kind, ...] = ("finance_operations", "trust", "credential", "sender", "registration")


class Watched(msgspec.Struct, frozen=True, order=True):
    """Whom the watch asks about.

    Args:
        sort: What it is.
        name: The configured name; `app` for the worker itself.
    """

    sort: Sort
    name: str


WORKER = Watched("app", APP)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of a subject.

    Args:
        states: Its machines, by kind.
        platform: What the Power Platform said of it last; None: nothing yet, or it is no organization.
        asked_at: When a round has asked it last.
        leads: By kind, the cause that a machine speaks for: others that fail by it are named in its incident.
        waits: What waits, as of the last round; of the app alone.
        days: The worst that was seen on each day; of an organization alone.
        filed: By kind, which ended incident is kept among those that have, and how many were told of it.
        v: Version of this record.
    """

    states: Mapping[str, State] = {}
    platform: PlatformView | None = None
    asked_at: datetime | None = None
    leads: Mapping[str, str] = {}
    days: Days = Days()
    waits: Waits | None = None
    filed: Mapping[str, str] = {}
    v: int = VERSION

    @property
    def past(self) -> Past:
        """The last answers of an organization's checks, for those that asked not to be asked again so soon."""
        integration = self.states.get("integration", State())
        found: dict[Kind, Remembered] = dict(integration.parts)
        for kind in _ALONE:
            state = self.states.get(kind)
            if state is not None and state.answer is not None and state.checked_at is not None:
                found[kind] = Remembered(state.answer, state.checked_at)
        return found

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """Those that are open."""
        return tuple(state.incident for state in self.states.values() if state.incident is not None)

    def with_state(self, kind: str, state: State) -> "Standing":
        """Return it with another state of one machine."""
        return msgspec.structs.replace(self, states={**self.states, kind: state})

    @property
    def unfiled(self) -> tuple[Incident, ...]:
        """The incidents that have ended and may not be kept among those, or not with all who were told."""
        return tuple(
            state.last
            for kind, state in self.states.items()
            if state.last is not None and state.last.ended_at and self.filed.get(kind) != mark(state.last)
        )

    @property
    def filed_now(self) -> Mapping[str, str]:
        """What `filed` is once `unfiled` is kept."""
        return {kind: mark(state.last) for kind, state in self.states.items() if state.last and state.last.ended_at}

    def find(self, incident: str) -> str | None:
        """Name the machine that an incident is open in, or was the last one of; None: none."""
        for kind, state in self.states.items():
            if any(each is not None and each.id == incident for each in (state.incident, state.last)):
                return kind
        return None


def mark(incident: Incident) -> str:
    """Say which incident, and with how many who were told of it."""
    return f"{incident.id}:{len(incident.told or ())}"
