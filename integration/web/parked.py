"""Parked deliveries over HTTP: list, show, and release without waiting for the link to move."""

from typing import Any

import msgspec

from integration.dead_letters import DeadLetters, Filter, Place
from integration.delivery import Releases
from integration.delivery.outcome import named
from integration.errors import InvalidRequest, UnknownDeadLetter
from integration.web.answers import refusing
from integration.web.dead_letters import read_page, read_query, summary, whole
from integration.web.message import Request, Response

MOST = 20
"""How many are released by their ids at once: the caller waits for them."""


class Order(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The body of a release.

    Args:
        organization: Everything of this organization, in the background.
        ids: These alone, instead, at once.
        current_environment: Those of `ids` go to the environment that is linked now.
    """

    organization: str = ""
    ids: tuple[str, ...] = ()
    current_environment: bool = False

    def check(self) -> None:
        """Refuse an order that cannot be meant.

        Raises:
            InvalidRequest: It says why.
        """
        if bool(self.organization) == bool(self.ids):
            raise InvalidRequest("give an organization or ids, one of the two")
        Filter(organization=self.organization)
        if len(self.ids) > MOST:
            msg = f"at most {MOST} ids at once; release the organization for more"
            raise InvalidRequest(msg)
        if self.current_environment and not self.ids:
            raise InvalidRequest("currentEnvironment goes with ids: look at each before it enters another environment")


_ORDERS = msgspec.json.Decoder(Order)


class ParkedPages:
    """`/api/parked` and below; the command line shows the same.

    Args:
        dead_letters: Where parked deliveries lie.
        releases: Goes on with them.
    """

    def __init__(self, dead_letters: DeadLetters, releases: Releases) -> None:
        self._dead_letters = dead_letters
        self._releases = releases

    @refusing()
    async def list(self, request: Request) -> Response:
        """List parked deliveries, oldest first, one page; `next` is the `after` of the following page."""
        return Response.json(200, await self.page(*read_query(request.query)))

    @refusing()
    async def show(self, id_: str) -> Response:
        """Show one parked delivery with its event."""
        return Response.json(200, await self.one(id_))

    @refusing()
    async def release(self, request: Request) -> Response:
        """Release chosen ones, 200; or order the release of an organization's, 202."""
        order = read_order(request.measured())
        return Response.json(202 if order.organization else 200, await self.go_on(order))

    async def page(self, wanted: Filter, limit: int, after: Place | None = None) -> dict[str, Any]:
        """Read one page.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        found = self._dead_letters.parked_places(wanted, after)
        stored, following = await read_page(found, lambda place: self._dead_letters.read_parked(place.path), limit)
        return {"parked": [summary(place, body) for place, body in stored], "next": following}

    async def one(self, id_: str) -> dict[str, Any]:
        """Read one parked delivery whole.

        Raises:
            UnknownDeadLetter: There is none of this id.
            StorageUnavailable: The account did not answer.
        """
        place = Place.of_id(id_)
        body = await self._dead_letters.read_parked(place.path)
        if body is None:
            msg = f"there is no parked delivery {id_[:40]!r}: it was released, or has become a dead letter"
            raise UnknownDeadLetter(msg)
        return whole(place, body)

    async def go_on(self, order: Order) -> dict[str, Any]:
        """Release, or order it.

        Raises:
            UnknownDeadLetter: An id is none.
            UnknownOrganization: It is not configured.
            LinkUnknown: Whether the organization is linked could not be found out.
            StorageUnavailable: The account did not answer.
        """
        if order.organization:
            return {"ordered": await self._releases.order(order.organization)}
        places = {id_: Place.of_id(id_) for id_ in order.ids}
        done = await self._releases.some(list(places.values()), current_environment=order.current_environment)
        released = {
            id_: [named(each) for each in done[place.path]] for id_, place in places.items() if place.path in done
        }
        return {"released": released, "left": [id_ for id_ in places if id_ not in released]}


def read_order(body: bytes) -> Order:
    """Read the body of a release.

    Raises:
        InvalidRequest: It says why.
    """
    try:
        order = _ORDERS.decode(body or b"{}")
    except InvalidRequest:
        raise
    except Exception as error:  # a decoder may fail in any way
        msg = f"the body cannot be read: {str(error)[:200]}"
        raise InvalidRequest(msg) from error
    order.check()
    return order
