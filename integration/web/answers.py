"""From an error of the tree to its answer: one table for every operation."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import wraps
from typing import Any

from integration.errors import (
    ActionsOff,
    AmbiguousEvent,
    CallerRefused,
    CallerUnknown,
    ConfigurationError,
    FnoLinkError,
    FormRefused,
    IncidentEnded,
    InvalidRequest,
    LengthRequired,
    LinkUnknown,
    Overloaded,
    PayloadNotKept,
    PayloadTooLarge,
    StorageUnavailable,
    TooManyRefreshes,
    UnknownDeadLetter,
    UnknownEvent,
    UnknownIncident,
    UnknownJob,
    UnknownMaintenance,
    UnknownOrganization,
    UnknownSource,
)
from integration.web.message import RETRY_AFTER, TOO_MANY, UNAVAILABLE, Response, problem

STATUSES: Mapping[type[FnoLinkError], int] = {
    FnoLinkError: 500,
    InvalidRequest: 400,
    CallerUnknown: 401,
    ActionsOff: 403,
    CallerRefused: 403,
    FormRefused: 403,
    UnknownOrganization: 404,
    UnknownSource: 404,
    UnknownDeadLetter: 404,
    UnknownEvent: 404,
    UnknownIncident: 404,
    UnknownJob: 404,
    UnknownMaintenance: 404,
    AmbiguousEvent: 409,
    IncidentEnded: 409,
    PayloadNotKept: 409,
    LengthRequired: 411,
    PayloadTooLarge: 413,
    TooManyRefreshes: TOO_MANY,
    ConfigurationError: UNAVAILABLE,
    LinkUnknown: UNAVAILABLE,
    Overloaded: UNAVAILABLE,
    StorageUnavailable: UNAVAILABLE,
}
"""The status of each class of error; one that does not stand here has that of the class above it."""

type Handler[**P] = Callable[P, Coroutine[Any, Any, Response]]


def status_of(error: FnoLinkError) -> int:
    """Give the HTTP status that an error is answered with."""
    return status_of_class(type(error))


def status_of_class(kind: type[FnoLinkError]) -> int:
    """Give the HTTP status that errors of a class are answered with."""
    return next(STATUSES[each] for each in kind.__mro__ if each in STATUSES)


def refusal(error: FnoLinkError, *, retry_after: float = RETRY_AFTER) -> Response:
    """Answer an error.

    Args:
        error: As it was raised.
        retry_after: Seconds after which to ask again, where the status is 503 or 429.
    """
    status = status_of(error)
    return problem(status, error, retry_after=retry_after if status in (UNAVAILABLE, TOO_MANY) else None)


def usual_wait(error: FnoLinkError) -> float:  # noqa: ARG001  # the same after each
    """Give the seconds after which most operations may be asked again."""
    return RETRY_AFTER


def refusing[**P](
    wait: Callable[[FnoLinkError], float] = usual_wait,
) -> Callable[[Callable[P, Awaitable[Response]]], Handler[P]]:
    """Let a handler raise the errors of the tree: each is answered by the table.

    Args:
        wait: Gives the seconds after which to ask again, where the status is 503.
    """

    def around(handler: Callable[P, Awaitable[Response]]) -> Handler[P]:
        @wraps(handler)
        async def handle(*args: P.args, **kwargs: P.kwargs) -> Response:
            try:
                return await handler(*args, **kwargs)
            except FnoLinkError as error:
                return refusal(error, retry_after=wait(error))

        return handle

    return around
