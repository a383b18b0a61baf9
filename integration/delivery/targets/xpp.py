"""What a 500 of a Finance & Operations service says; pure.

An X++ exception that nobody catches leaves a custom service as HTTP 500 with `{"Message", "ExceptionType",
"ActivityId"}`; the developer cannot choose the status. An OData action wraps it in `innererror` and
`internalexception`, each with its `type`. Most often such a 500 is a business refusal that no repetition changes. What
a repetition may change is told by the type's name.

Sources: "X++ exception handling" (the values of the enumeration Exception, and which of them may be retried), "SQL
connection error X++ exception" (TransientSqlConnectionError), the classes of the namespace Microsoft.Dynamics.Ax.Xpp
(DeadlockException, UpdateConflictException, TransientSqlConnectionError, DuplicateKeyException), and answers recorded
from live services (DuplicateKeyException, NullReferenceException, without their namespaces).
"""

import re
from collections.abc import Iterator

import msgspec

from integration.dataverse.json_body import Unreadable, read

READ = 64 * 1024
"""Bytes of such an answer that are read: the type stands behind a message that may hold a whole infolog."""

TRANSIENT = frozenset(
    {
        # Of the database: the transaction was rolled back, and another may succeed.
        "deadlock",
        "updateconflict",
        "updateconflictnotrecovered",
        "timeout",
        "transientsqlconnectionerror",
        "sqlconnectionerror",
        "sql",
        # Of the node that ran it: it was recycled, or ran short of something.
        "threadabort",
        "threadinterrupted",
        "operationcanceled",
        "taskcanceled",
        "outofmemory",
        "insufficientmemory",
        # Of something that the service itself called.
        "socket",
        "web",
        "httprequest",
        "communication",
        "endpointnotfound",
        "servertoobusy",
        "serveractivation",
    }
)
"""Names of exceptions after which a repetition may succeed: without namespace and `Exception`, in lower case."""

_SERVER_ERROR = 500
_TYPE = re.compile(r"[A-Za-z_][A-Za-z0-9_.+`]{0,199}")
_DEEPEST = 20
_XPP = "microsoft.dynamics."


class _Service(msgspec.Struct, frozen=True):
    type: str = msgspec.field(name="ExceptionType", default="")


class _Inner(msgspec.Struct, frozen=True):
    type: str = ""
    inner: "_Inner | None" = msgspec.field(name="internalexception", default=None)


class _Error(msgspec.Struct, frozen=True):
    inner: _Inner | None = msgspec.field(name="innererror", default=None)


class _OData(msgspec.Struct, frozen=True):
    error: _Error = _Error()


def refusal(status: int, body: bytes) -> str:
    """Tell whether an answer is the service's own word that it will not take this.

    Args:
        status: The HTTP status.
        body: The answer's first 64 KiB.

    Returns:
        The exception's type, where the service refused; empty where it may succeed another time, or where the answer
        is not an X++ exception at all.
    """
    if status != _SERVER_ERROR:
        return ""
    named = _of_service(body)
    if named:
        return "" if _name(named) in TRANSIENT else named
    types = list(_of_odata(body))
    if any(_name(each) in TRANSIENT for each in types):
        return ""
    return next((each for each in reversed(types) if each.lower().startswith(_XPP)), "")


def _of_service(body: bytes) -> str:
    try:
        return _type(read(body, _Service).type)
    except Unreadable:
        return ""


def _of_odata(body: bytes) -> Iterator[str]:
    try:
        inner = read(body, _OData).error.inner
    except Unreadable:
        return
    for _ in range(_DEEPEST):
        if inner is None:
            return
        yield _type(inner.type)
        inner = inner.inner


def _type(written: str) -> str:
    return written if _TYPE.fullmatch(written) else ""


def _name(exception: str) -> str:
    return exception.rpartition(".")[2].lower().removesuffix("exception")
