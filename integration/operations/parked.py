"""Parked deliveries: list, show, and release without waiting for the link to move."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import msgspec

from integration.dead_letters import DeadLetters, Filter, Place
from integration.delivery import Releases
from integration.delivery.outcome import named
from integration.errors import InvalidRequest, UnknownDeadLetter
from integration.operations.kept import Asked, Summary, Whole, read_page, summary, whole
from integration.operations.orders import Order
from integration.operations.parameters import NAME

MOST = 20
"""How many are released by their ids at once: the caller waits for them."""


class ReleaseOrder(Order, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A release.

    Args:
        organization: Everything of this organization, in the background.
        ids: These alone, instead, at once.
        current_environment: Those of `ids` go to the environment that is linked now.
    """

    rules: ClassVar[Mapping[str, Any]] = {
        "oneOf": [
            {
                "title": "an organization's",
                "properties": {
                    "organization": {"minLength": 1},
                    "ids": {"maxItems": 0},
                    "currentEnvironment": {"const": False},
                },
                "required": ["organization"],
            },
            {
                "title": "by ids",
                "properties": {"organization": {"const": ""}, "ids": {"minItems": 1}},
                "required": ["ids"],
            },
        ]
    }
    organization: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": f"^{NAME}$"})] = ""
    ids: Annotated[tuple[str, ...], msgspec.Meta(extra_json_schema={"maxItems": MOST})] = ()
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


class ParkedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Parked deliveries, oldest first; `next` is the `after` of the following page."""

    parked: Sequence[Summary]
    next: str | None


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the release of an organization was ordered; not where nothing is parked."""

    ordered: bool


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """What became of those that were named.

    Args:
        released: The outcomes of each that went on, by its id.
        left: The ids of those that did not.
    """

    released: Mapping[str, Sequence[str]]
    left: Sequence[str]


class ParkedOperations:
    """What can be asked and ordered of parked deliveries.

    Args:
        dead_letters: Where parked deliveries lie.
        releases: Goes on with them.
    """

    def __init__(self, dead_letters: DeadLetters, releases: Releases) -> None:
        self._dead_letters = dead_letters
        self._releases = releases

    async def list(self, asked: Asked) -> ParkedPage:
        """Read one page.

        Raises:
            StorageUnavailable: The account did not answer.
        """
        found = self._dead_letters.parked_places(asked.filter, asked.after)
        stored, following = await read_page(
            found, lambda place: self._dead_letters.read_parked(place.path), asked.limit
        )
        return ParkedPage(parked=[summary(place, body) for place, body in stored], next=following)

    async def show(self, id_: str) -> Whole:
        """Read one parked delivery whole.

        Raises:
            UnknownDeadLetter: There is none of this id.
            StorageUnavailable: The account did not answer.
        """
        place = Place.of_id(id_)
        body = await self._dead_letters.read_parked(place.path)
        if body is None:
            raise gone(id_)
        return whole(place, body)

    async def release(self, order: ReleaseOrder) -> Ordered | Released:
        """Release those that are named, or order the release of an organization's.

        Raises:
            UnknownDeadLetter: An id is none.
            UnknownOrganization: It is not configured.
            LinkUnknown: Whether the organization is linked could not be found out.
            StorageUnavailable: The account did not answer.
        """
        if order.organization:
            return Ordered(ordered=await self._releases.order(order.organization))
        places = {id_: Place.of_id(id_) for id_ in order.ids}
        done = await self._releases.some(list(places.values()), current_environment=order.current_environment)
        released = {
            id_: [named(each) for each in done[place.path]] for id_, place in places.items() if place.path in done
        }
        return Released(released=released, left=[id_ for id_ in places if id_ not in released])


def gone(id_: str) -> UnknownDeadLetter:
    """Say that there is no parked delivery of an id."""
    return UnknownDeadLetter(f"there is no parked delivery {id_[:40]!r}: it was released, or has become a dead letter")
