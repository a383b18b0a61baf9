"""The query of a request: what an operation takes of it, and nothing else."""

from collections.abc import Mapping, Sequence

from integration.errors import InvalidRequest

IGNORED = frozenset({"code", "clientid"})
"""What the Functions host takes, in any case: a key, and its name."""


def known(query: Mapping[str, str], names: Sequence[str], *, untold: Sequence[str] = ()) -> Mapping[str, str]:
    """Return a query of which every parameter is known.

    Args:
        query: The parameters of the URL.
        names: Those that are taken, in the order in which they are told.
        untold: Taken as well.

    Raises:
        InvalidRequest: One is unknown.
    """
    unknown = sorted(name for name in set(query).difference(names, untold) if name.lower() not in IGNORED)
    if unknown:
        msg = f"unknown parameter {unknown[0][:40]!r}; known: {', '.join(names)}"
        raise InvalidRequest(msg)
    return query


def flag(query: Mapping[str, str], name: str) -> bool:
    """Read a parameter that is true or false; false, where it is not given.

    Raises:
        InvalidRequest: It is something else.
    """
    value = query.get(name, "false")
    if value not in ("true", "false"):
        msg = f"{name} is true or false"
        raise InvalidRequest(msg)
    return value == "true"
