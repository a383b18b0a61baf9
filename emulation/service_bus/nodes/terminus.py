"""Either end of a link as a client names it: an address, and a source's filters (OASIS AMQP 1.0 Part 3, §3.5)."""

from typing import Any

from emulation.service_bus.amqp.errors import INVALID_FIELD, NOT_IMPLEMENTED, Refused
from emulation.service_bus.codec.types import Described, Symbol, ULong, as_list, as_map

SOURCE, TARGET = 0x28, 0x29
COORDINATOR = (0x30, "amqp:coordinator:list")
FILTERS = 7  # a source's position of its filter set


def address_of(terminus: Any) -> str:
    """Return the address that a link leads to.

    Raises:
        Refused: It leads to a transaction coordinator (part 4, §4.5.1), or names no address.
    """
    if isinstance(terminus, Described) and terminus.descriptor in COORDINATOR:
        raise Refused(NOT_IMPLEMENTED, "Transactions are not implemented: there is no transaction coordinator.")
    address = optional_address(terminus)
    if not address:
        raise Refused(INVALID_FIELD, "A link must name the address of an entity.")
    return address


def optional_address(terminus: Any) -> str:
    """Return a terminus' address, empty where it has none."""
    address = _fields(terminus)[0]
    if isinstance(address, bytes):
        return address.decode(errors="replace")
    return address if isinstance(address, str) else ""


def filters_of(source: Any) -> dict[str, Any]:
    """Return a source's filters by name."""
    return as_map(_fields(source)[FILTERS])


def echo(code: int, terminus: Any) -> Described:
    """Return a source or target to answer with: its address, and a source's filters."""
    fields = _fields(terminus)
    if code == SOURCE and fields[FILTERS] is not None:
        return _filtered(fields[0], as_map(fields[FILTERS]))
    return Described(ULong(code), fields[:1])


def with_filter(source: Any, name: str, value: Any) -> Described:
    """Return a source to answer with, in which a filter has the value that was chosen for it."""
    return _filtered(_fields(source)[0], filters_of(source) | {name: value})


def _filtered(address: Any, filters: dict[str, Any]) -> Described:
    named = {Symbol(key): item for key, item in filters.items()}
    return Described(ULong(SOURCE), [address, *[None] * (FILTERS - 1), named])


def _fields(terminus: Any) -> list[Any]:
    fields = as_list(terminus.value) if isinstance(terminus, Described) else []
    return fields + [None] * (FILTERS + 1 - len(fields))
