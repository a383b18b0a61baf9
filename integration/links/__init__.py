"""Which F&O environment an organization is linked to: cached, shared by the fleet, never guessed."""

from integration.links.resolver import LinkResolver
from integration.links.shared import Record, SharedTier, Stored
from integration.links.table import TableTier
from integration.links.values import Link, Linked, NotLinked

__all__ = ["Link", "LinkResolver", "Linked", "NotLinked", "Record", "SharedTier", "Stored", "TableTier"]
