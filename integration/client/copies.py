"""The answers that a client has at hand: for how long each serves, and when it may ask again.

A linked answer is kept beyond its freshness, for as long as nobody knows better. One that says "not linked" is not:
it would make "not linked" out of "unknown".
"""

from datetime import timedelta
from math import inf

import msgspec

from integration.client.answer import Answer
from integration.clock import Clock
from integration.errors import FnoLinkError, LinkUnknown, UnexpectedAnswer
from integration.links.values import Link, Linked
from integration.retry_after import SHORTEST_SECONDS, backoff

_MOST = 1000
"""Organizations that are remembered: more than anybody has, so that a caller's made-up names fill no memory."""


class _Copy:
    """What is at hand for one organization; all times are monotonic seconds."""

    __slots__ = ("attempts", "failure", "fresh_until", "link", "not_before", "tag", "usable_until")

    def __init__(self) -> None:
        self.link: Link | None = None
        self.tag = ""
        self.fresh_until = -inf
        self.usable_until = -inf
        self.failure: FnoLinkError | None = None
        self.attempts = 0
        self.not_before = -inf


class Copies:
    """The answers of one app.

    Args:
        clock: Time.
        keep_for: For how long after it was last confirmed a linked answer is served while there is no newer one.
    """

    def __init__(self, clock: Clock, keep_for: timedelta) -> None:
        self._clock = clock
        self._keep_for = keep_for.total_seconds()
        self._copies: dict[str, _Copy] = {}

    def at_hand(self, name: str) -> Link | None:
        """Return what serves without asking; None: the app is to be asked.

        Raises:
            FnoLinkError: Why nothing is known; it is too early to ask again.
        """
        copy = self._copies.get(name)
        if copy is None:
            return None
        now = self._clock.monotonic()
        if now < copy.fresh_until:
            return copy.link
        if copy.failure is None or now >= copy.not_before:
            return None
        return _stale(copy, now) or _raise(copy.failure, copy.not_before - now)

    def conditions(self, name: str) -> dict[str, str]:
        """Return the headers that ask for an answer only where it is another than the one at hand."""
        copy = self._copies.get(name)
        return {"If-None-Match": copy.tag} if copy is not None and copy.link is not None and copy.tag else {}

    def take(self, name: str, answer: Answer) -> Link:
        """Remember an answer.

        Raises:
            UnexpectedAnswer: It says that nothing has changed, and there is nothing at hand.
        """
        now = self._clock.monotonic()
        copy = self._copies.get(name)
        link = answer.link
        if link is None:
            if copy is None or copy.link is None:
                msg = "the app answered 304, and was asked without a condition"
                raise UnexpectedAnswer(msg, status=304)
            link = copy.link
            if answer.checked_at is not None:
                link = msgspec.structs.replace(link, checked_at=answer.checked_at)
        if not answer.kept:
            self._copies.pop(name, None)
            return link
        tag = answer.tag or (copy.tag if copy is not None and answer.link is None else "")
        copy = self._copies[name] = _Copy()
        copy.link, copy.tag = link, tag
        copy.fresh_until = now + min(answer.fresh_for, self._keep_for)
        copy.usable_until = now + self._keep_for
        return link

    def fail(self, name: str, error: FnoLinkError) -> Link:
        """Remember that nothing could be learnt.

        Returns:
            The last good answer, marked as stale, where there is one that is still kept.

        Raises:
            FnoLinkError: The error itself, where there is none; a refusal always: what the caller may no longer see, he
                is not shown.
        """
        now = self._clock.monotonic()
        copy = self._copies.setdefault(name, _Copy())
        if len(self._copies) > _MOST:
            self._copies.pop(next(iter(self._copies)))
        copy.fresh_until = -inf
        if not isinstance(error, LinkUnknown):
            copy.link, copy.usable_until = None, -inf
        copy.attempts += 1
        copy.failure = error
        # Refused: threads and tasks that wait for this very answer get it too, whoever asks later asks anew.
        wait = backoff(error.retry_after, copy.attempts) if isinstance(error, LinkUnknown) else SHORTEST_SECONDS
        copy.not_before = now + wait
        if link := _stale(copy, now):
            return link
        if copy.link is not None:
            copy.link, copy.tag = None, ""
        raise error


def _stale(copy: _Copy, now: float) -> Linked | None:
    if not isinstance(copy.link, Linked) or now >= copy.usable_until:
        return None
    return msgspec.structs.replace(copy.link, stale=True)


def _raise(error: FnoLinkError, wait: float) -> Link:
    # An error of its own for each: one that is raised in two threads at once would mix their tracebacks.
    if isinstance(error, LinkUnknown):
        raise type(error)(
            str(error), retry_after=wait, status=error.status, remote_code=error.remote_code, hint=error.hint
        )
    raise type(error)(str(error))
