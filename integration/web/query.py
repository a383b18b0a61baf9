"""The query of a request: what an operation takes of it, and nothing else."""

from collections.abc import Mapping, Sequence

from integration.errors import InvalidRequest
from integration.operations.query import Parameter, check_all

IGNORED = frozenset({"code", "clientid"})
"""What the Functions host takes, in any case: a key, and its name."""


def known(
    query: Mapping[str, str], parameters: Sequence[Parameter] = (), *, untold: Sequence[str] = ()
) -> Mapping[str, str]:
    """Return a query of which every parameter is known, and of its form.

    Args:
        query: The parameters of the URL.
        parameters: Those that are taken, in the order in which they are told.
        untold: The names of others that are taken as well: our own pages add them.

    Raises:
        InvalidRequest: One is unknown, or not of its form.
    """
    names = [each.name for each in parameters]
    unknown = sorted(name for name in set(query).difference(names, untold) if name.lower() not in IGNORED)
    if unknown:
        msg = f"unknown parameter {unknown[0][:40]!r}; known: {', '.join(names) or 'none'}"
        raise InvalidRequest(msg)
    check_all(parameters, query)
    return query
