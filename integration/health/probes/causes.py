"""What several organizations fail by is asked once a round."""

import asyncio
from collections.abc import Awaitable, Callable

from integration.health.check import Answer


class _Cause:
    __slots__ = ("failing", "reached", "turn")

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.reached = False
        self.failing: Answer | None = None


class Causes:
    """What this round has found out about those that several organizations depend on, such as one Entra tenant.

    The first who asks goes alone; the others wait for what it learns. A round has one of these and drops it.
    """

    def __init__(self) -> None:
        self._causes: dict[str, _Cause] = {}

    async def ask(self, cause: str, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask, unless it is known in this round that there would be no answer.

        Args:
            cause: Names who is depended on: `entra:{tenant}`.
            question: Asks; called only where that is not known.

        Returns:
            The answer; that of somebody else where he failed by this very cause.
        """
        known = self._causes.setdefault(cause, _Cause())
        if not known.reached:
            async with known.turn:
                if known.failing is None and not known.reached:
                    return self._learned(known, cause, await question())
        if known.failing is not None:
            return known.failing
        return self._learned(known, cause, await question())

    def _learned(self, known: _Cause, cause: str, answer: Answer) -> Answer:
        if answer.cause == cause:
            known.failing = answer
        else:
            known.reached = True
        return answer
