"""From verdicts to transitions: a pure state machine for one organization."""

from datetime import datetime
from typing import Literal

import msgspec

from integration.events.alerts.types import LOST, RELINKED, RESTORED, UNREACHABLE, UNTRUSTED
from integration.links.values import Linked

type Kind = Literal["linked", "not_linked", "unknown"]
type Trouble = Literal["lost", "unreachable"]

VERSION = 1


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one probe of an organization's link found.

    Args:
        kind: The definite answers, or unknown.
        link: The environment, when linked.
        code: Why it is not linked or not known.
        message: The same in words.
        hint: What to do.
    """

    kind: Kind
    link: Linked | None = None
    code: str = ""
    message: str = ""
    hint: str = ""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something that an operator must hear of.

    Args:
        type: One of the types of `events.alerts`.
        incident: Stays the same from the trigger to the restored notice.
        at: When the transition was seen.
        since: When the trouble was first seen.
        link: The environment now.
        previous: The environment before.
        code: Why.
        message: The same in words.
        hint: What to do.
    """

    type: str
    incident: str
    at: datetime
    since: datetime
    link: Linked | None = None
    previous: Linked | None = None
    code: str = ""
    message: str = ""
    hint: str = ""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of an organization between probes.

    Args:
        kind: The last verdict's kind; unknown before the first.
        streak: How many verdicts in a row had this kind.
        since: When the streak began.
        checked_at: When the last verdict came.
        link: The environment that it is, or was last, linked to.
        trouble: The open incident's kind.
        incident: The open incident's id.
        distrusted: `url` for which an untrusted link was alerted, so that it is alerted once.
        code: Of the last verdict.
        message: Of the last verdict.
        outbox: Alerts that are due: stored with the transition, taken off once they are sent.
        v: Version of this record.
    """

    kind: Kind = "unknown"
    streak: int = 0
    since: datetime | None = None
    checked_at: datetime | None = None
    link: Linked | None = None
    trouble: Trouble | None = None
    incident: str = ""
    distrusted: str = ""
    code: str = ""
    message: str = ""
    outbox: tuple[Alert, ...] = ()
    v: int = VERSION


def advance(  # noqa: PLR0913  # the machine's whole input
    state: State, verdict: Verdict, *, now: datetime, incident: str, failures: int, successes: int
) -> State:
    """Take one verdict.

    Args:
        state: Before.
        verdict: What the probe found.
        now: When.
        incident: The id to give an incident that opens now.
        failures: How many equal verdicts in a row make trouble of it.
        successes: How many in a row end it.

    Returns:
        The state after, with the alerts that are due added to its outbox.
    """
    same = state.kind == verdict.kind and state.since is not None
    after = msgspec.structs.replace(
        state,
        kind=verdict.kind,
        streak=state.streak + 1 if same else 1,
        since=state.since if same else now,
        checked_at=now,
        code=verdict.code,
        message=verdict.message,
    )
    if verdict.kind == "linked":
        return _linked(state, after, verdict.link, now=now, incident=incident, successes=successes)
    trouble: Trouble = "lost" if verdict.kind == "not_linked" else "unreachable"
    if after.streak < failures or state.trouble in {trouble, "lost"}:
        return after
    # A link that is lost while it could not be checked goes on under the incident that is open.
    opened = state.incident or incident
    alert = Alert(
        type=LOST if trouble == "lost" else UNREACHABLE,
        incident=opened,
        at=now,
        since=after.since or now,
        previous=state.link,
        code=verdict.code,
        message=verdict.message,
        hint=verdict.hint,
    )
    return msgspec.structs.replace(after, trouble=trouble, incident=opened, outbox=(*state.outbox, alert))


def _linked(  # noqa: PLR0913  # the machine's whole input
    before: State, after: State, link: Linked | None, *, now: datetime, incident: str, successes: int
) -> State:
    if link is None:
        msg = "a linked verdict without its link"
        raise ValueError(msg)
    due: list[Alert] = []
    if before.trouble is not None and after.streak >= successes:
        due.append(
            Alert(
                type=RESTORED,
                incident=before.incident,
                at=now,
                since=after.since or now,
                link=link,
                previous=before.link,
                message="the organization is linked and can be asked again",
            )
        )
        after = msgspec.structs.replace(after, trouble=None, incident="")
    if before.link is not None and not before.link.same_environment(link):
        due.append(
            Alert(
                type=RELINKED,
                incident=f"{incident}-relinked",
                at=now,
                since=now,
                link=link,
                previous=before.link,
                message=f"the link moved from {before.link.url} to {link.url}",
                hint="Check that this was meant; parked deliveries for the old environment are held.",
            )
        )
    if not link.trusted and before.distrusted != link.url:
        due.append(
            Alert(
                type=UNTRUSTED,
                incident=f"{incident}-untrusted",
                at=now,
                since=now,
                link=link,
                code="UntrustedLink",
                message=link.distrust,
                hint="Nothing is sent there. If the host is yours, add its suffix to trusted_hosts.",
            )
        )
    distrusted = "" if link.trusted else link.url
    return msgspec.structs.replace(after, link=link, distrusted=distrusted, outbox=(*before.outbox, *due))
