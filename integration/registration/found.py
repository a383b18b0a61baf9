"""What Dataverse has: endpoints, the steps and images of our own, and what can be registered there."""

from collections.abc import Mapping

import msgspec

from integration.registration.marker import Mark, read_mark
from integration.registration.values import Columns


class FoundRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row.

    Args:
        id: Its id.
        name: Its name.
        description: Its description, which may have our mark.
        managed: Whether a managed solution brought it.
        columns: What can be read back, by column.
    """

    id: str
    name: str
    description: str = ""
    managed: bool = False
    columns: Columns = {}

    @property
    def mark(self) -> Mark | None:
        """Our mark, or another deployment's."""
        return read_mark(self.description)

    def is_of(self, owner: str) -> bool:
        """Tell whether an owner made it: its name and its mark say so."""
        mark = self.mark
        return mark is not None and mark.owner == owner and self.name.startswith(f"{owner}: ")


class FoundImage(FoundRow, frozen=True, kw_only=True):
    """An image.

    Args:
        alias: What events call it.
    """

    alias: str


class FoundStep(FoundRow, frozen=True, kw_only=True):
    """A step.

    Args:
        message: Its message.
        table: Its table; empty: none.
        images: Its images.
    """

    message: str
    table: str
    images: tuple[FoundImage, ...] = ()

    @property
    def identity(self) -> tuple[str, str, int]:
        """What tells it from the other steps of its endpoint."""
        return (self.message.lower(), self.table, int(self.columns.get("stage") or 0))


class FoundEndpoint(FoundRow, frozen=True, kw_only=True):
    """A service endpoint.

    Args:
        steps: Its steps, as far as it is ours.
    """

    steps: tuple[FoundStep, ...] = ()


class Filter(msgspec.Struct, frozen=True):
    """What says that a table has a message.

    Args:
        id: Its id.
        allowed: Whether steps may be registered for it.
    """

    id: str
    allowed: bool = True


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """What can be registered, as far as it was asked for.

    Args:
        messages: Ids of messages, by name.
        filters: By message and table.
        attributes: Logical names of the columns of tables; of one that there is not, nothing.
    """

    messages: Mapping[str, str] = {}
    filters: Mapping[tuple[str, str], Filter] = {}
    attributes: Mapping[str, frozenset[str]] = {}


class Solution(msgspec.Struct, frozen=True):
    """The solution that what is written is to be part of.

    Args:
        name: Its unique name.
        exists: Whether it is there.
        managed: Whether it is a managed one.
    """

    name: str
    exists: bool = True
    managed: bool = False


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What an organization has.

    Args:
        endpoints: All service endpoints.
        catalogue: What can be registered; None: that was not asked.
        solution: The solution that was named; None: none was.
    """

    endpoints: tuple[FoundEndpoint, ...] = ()
    catalogue: Catalogue | None = None
    solution: Solution | None = None
