"""One round of questions, asked now: what each check answers, without thresholds, memory or alerts."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from integration.config.keys.model import Organization
from integration.health.check import Answer, Health, Kind
from integration.health.probes.causes import Causes
from integration.operations.links import LinkedAnswer, answer_of

type Status = Literal["pass", "fail", "unknown"]
type Answers = Mapping[str, Mapping[Kind, Answer]]
"""By subject, then by kind."""

type AskOrganization = Callable[[Organization, Causes], Awaitable[Mapping[Kind, Answer]]]
type AskOthers = Callable[[], Awaitable[Answers]]


class Told(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one check answered; what is not known is left out."""

    health: Health
    code: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    hint: str | UnsetType = UNSET
    facts: Mapping[str, str] | UnsetType = UNSET
    link: LinkedAnswer | UnsetType = UNSET
    retry_after: float | UnsetType = UNSET


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What a round of questions was answered.

    Args:
        status: `fail`: something is bad; `unknown`: nothing is, but something could not be asked.
        checks: By subject, then by kind of check.
    """

    status: Status
    checks: Mapping[str, Mapping[Kind, Told]]


class HealthOperations:
    """Asks every check once; it writes nothing and tells nobody.

    Args:
        organizations: Those that are asked about.
        ask: Asks the checks of one of them.
        others: Ask what is not about one organization alone: each gives answers by subject.
        at_once: How many organizations are asked at a time.
    """

    def __init__(
        self,
        organizations: Sequence[Organization],
        ask: AskOrganization,
        others: Iterable[AskOthers] = (),
        *,
        at_once: int = 16,
    ) -> None:
        self._organizations = organizations
        self._ask = ask
        self._others = tuple(others)
        self._at_once = at_once

    async def ask(self) -> Round:
        """Ask now."""
        limit, causes = asyncio.Semaphore(self._at_once), Causes()

        async def one(organization: Organization) -> Answers:
            async with limit:
                return {organization.name: await self._ask(organization, causes)}

        questions = [*map(one, self._organizations), *(ask() for ask in self._others)]
        return round_of(await asyncio.gather(*questions))


def round_of(answers: Iterable[Answers]) -> Round:
    """Write answers as one round.

    Args:
        answers: Of subjects; those about one subject are put together.
    """
    found: dict[str, dict[Kind, Answer]] = {}
    for part in answers:
        for subject, by_kind in part.items():
            found.setdefault(subject, {}).update(by_kind)
    healths = {answer.health for by_kind in found.values() for answer in by_kind.values()}
    status: Status = "fail" if "bad" in healths else "unknown" if "unknown" in healths else "pass"
    return Round(status=status, checks={name: _told(by_kind) for name, by_kind in found.items()})


def _told(by_kind: Mapping[Kind, Answer]) -> Mapping[Kind, Told]:
    return {kind: told(answer) for kind, answer in by_kind.items()}


def told(answer: Answer) -> Told:
    """Write one answer as operators see it."""
    link = answer_of(answer.link) if answer.link is not None else UNSET
    said: dict[str, Any] = {"code": answer.code, "message": answer.message, "hint": answer.hint, "facts": answer.facts}
    return Told(
        health=answer.health,
        link=link if isinstance(link, LinkedAnswer) else UNSET,
        retry_after=UNSET if answer.retry_after is None else answer.retry_after,
        **{name: value for name, value in said.items() if value},
    )
