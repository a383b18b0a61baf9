"""What the forms of the page do: the operations of the HTTP API and of the command line, and nothing of their own."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from integration.errors import InvalidRequest
from integration.loggers import logger
from integration.operations.dead_letters import DeadLetterOperations, DeadLetterOrder
from integration.operations.incidents import AcknowledgeOrder, IncidentOperations, MuteOrder
from integration.operations.parked import Ordered, ParkedOperations, ReleaseOrder
from integration.web.status.form import Form

log = logger("web")

type Done = Literal["acknowledged", "muted", "unmuted", "released", "nothing", "replayed"]
"""What was done, as the address of the page says it afterwards."""

DONE: Mapping[str, str] = {
    "acknowledged": "Acknowledged: nobody is reminded of the incident any more; its end is still told.",
    "muted": "Silent for a while: it is watched and counted on, and its end is told.",
    "unmuted": "Heard again: what is still wrong is told with the next check.",
    "released": "The release is ordered: what is parked goes on within seconds, if the organization is linked.",
    "nothing": "Nothing of this organization was parked any more.",
    "replayed": "The replay is ordered: within seconds the dead letter is delivered, or is back with its new reason.",
}
UNSAID = "the status page"
SPANS: Mapping[str, str] = {"1h": "1 hour", "4h": "4 hours", "12h": "12 hours", "1d": "1 day", "7d": "7 days"}
"""For how long something can be made silent, and how the page writes it."""


class Actions:
    """Does what a form says; every form may be sent twice.

    Args:
        incidents: What can be ordered of incidents.
        parked: What can be ordered of parked deliveries.
        dead_letters: What can be ordered of dead letters.
    """

    def __init__(
        self, incidents: IncidentOperations, parked: ParkedOperations, dead_letters: DeadLetterOperations
    ) -> None:
        self._incidents = incidents
        self._parked = parked
        self._dead_letters = dead_letters
        self._known: Mapping[str, Callable[[Form], Awaitable[Done]]] = {
            "acknowledge": self._acknowledge,
            "mute": self._mute,
            "unmute": self._unmute,
            "release": self._release,
            "replay": self._replay,
        }

    async def do(self, form: Form) -> Done:
        """Do it, and write down who has done it.

        Raises:
            InvalidRequest: The form says nothing that can be done.
            FnoLinkError: What the operation raises.
        """
        act = self._known.get(form.do)
        if act is None:
            raise InvalidRequest("the form does not say what is to be done")
        done = await act(form)
        log.info("%s: %s %s", _signed(form), form.do, form.id)
        return done

    async def _acknowledge(self, form: Form) -> Done:
        order = AcknowledgeOrder(by=_signed(form), note=form.note)
        order.check()
        await self._incidents.acknowledge(form.id, order)
        return "acknowledged"

    async def _mute(self, form: Form) -> Done:
        order = MuteOrder(for_=form.for_)
        order.check()
        await self._incidents.mute(form.id, order)
        return "muted"

    async def _unmute(self, form: Form) -> Done:
        await self._incidents.mute(form.id, MuteOrder(unmute=True))
        return "unmuted"

    async def _release(self, form: Form) -> Done:
        order = ReleaseOrder(organization=form.id)
        order.check()
        answer = await self._parked.release(order)
        return "released" if isinstance(answer, Ordered) and answer.ordered else "nothing"

    async def _replay(self, form: Form) -> Done:
        order = DeadLetterOrder(ids=(form.id,))
        order.check()
        await self._dead_letters.replay(order)
        return "replayed"


def _signed(form: Form) -> str:
    """Say who it was: whoever has the key, and who they say they are."""
    name = form.by.strip()
    return f"{name} ({UNSAID})" if name else UNSAID
