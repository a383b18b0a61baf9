"""What a deployed fno-link answered, or somebody in its place; pure.

Sources: RFC 9111, sections 4.2 and 5.2.2 (freshness, Cache-Control of responses); RFC 9457 (problem details); the page
"HTTP endpoints" of this documentation.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from integration.dataverse.answers import Details, check_details
from integration.errors import (
    AppRefused,
    Busy,
    FnoLinkError,
    Forbidden,
    LinkUnknown,
    Throttled,
    Unauthenticated,
    UnexpectedAnswer,
    UnknownOrganization,
    Unreachable,
)
from integration.links.values import Link, Linked, NotLinked
from integration.operations.links import LinkAnswer, LinkedAnswer
from integration.retry_after import parse_retry_after

LARGEST = 1 << 20
"""Bytes of an answer that are read; a link has a thousand."""

_DIRECTIVE = re.compile(r'([\w-]+)(?:="?([^",]*)"?)?')
_LIE = "Is it the address of fno-link? A sign-in page, a proxy or another app answers there."
_REASONS = {
    kind.__name__: kind for kind in (Busy, Forbidden, Throttled, Unauthenticated, UnexpectedAnswer, Unreachable)
}
"""Why a link is unknown, the same words in every language; what else keeps the app from answering is `LinkUnknown`."""
_DECODER = msgspec.json.Decoder(LinkAnswer)


class Reply(msgspec.Struct, frozen=True):
    """An answer over HTTP.

    Args:
        status: The HTTP status.
        headers: Found by their names in lower case.
        body: As it came, decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A definite answer.

    Args:
        link: None: it is the one that the client has.
        checked_at: When Dataverse was asked, where only that has changed.
        tag: What names it at the next request; empty: nothing.
        fresh_for: Seconds for which it serves.
        kept: Whether it may be kept at all.
    """

    link: Link | None
    checked_at: datetime | None = None
    tag: str = ""
    fresh_for: float
    kept: bool = True


class _Problem(msgspec.Struct, frozen=True):
    code: str = ""
    detail: str = ""
    hint: str = ""
    remoteCode: str = ""  # noqa: N815 - as the wire has it


def read(reply: Reply, now: datetime) -> Answer:
    """Read an answer.

    Args:
        reply: The answer.
        now: The wall-clock time, aware.

    Raises:
        AppRefused: The key or token does not do: asking again does not help.
        UnknownOrganization: fno-link knows no organization of this name.
        LinkUnknown: Everything else that is no link; what cannot be fno-link's is `UnexpectedAnswer`.
    """
    match reply.status:
        case 200:
            return _answer(reply, _link(reply.body))
        case 304:
            at = _date(reply.headers.get("last-modified", ""))
            return msgspec.structs.replace(_answer(reply, None), checked_at=at)
        case status if status < 400:  # noqa: PLR2004 - HTTP statuses read best as such
            msg = f"the app answered {status}, and a redirect is not followed: the key would go with it"
            raise UnexpectedAnswer(msg, status=status, hint=_LIE)
        case _:
            raise _refusal(reply, now)


def _answer(reply: Reply, link: Link | None) -> Answer:
    said = {name.lower(): value for name, value in _DIRECTIVE.findall(reply.headers.get("cache-control", ""))}
    age = _seconds(reply.headers.get("age", ""))
    fresh = 0.0 if {"no-store", "no-cache"} & said.keys() else max(_seconds(said.get("max-age", "")) - age, 0.0)
    tag = reply.headers.get("etag", "")
    return Answer(link=link, tag=tag, fresh_for=fresh, kept="no-store" not in said)


def _link(body: bytes) -> Link:
    try:
        answer = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = "the app answered 200 with something that is not a link"
        raise UnexpectedAnswer(msg, status=200, hint=_LIE) from error
    if not isinstance(answer, LinkedAnswer):
        return NotLinked(
            code=answer.code, message=answer.message, familiar=answer.familiar, checked_at=_aware(answer.checked_at)
        )
    try:
        named = check_details(Details(url=answer.url, tenant_id=answer.tenant_id, id=answer.id))
    except UnexpectedAnswer as error:
        msg = "the app answered 200 with a link to what is no environment"
        raise UnexpectedAnswer(msg, status=200, hint=_LIE) from error
    return Linked(
        url=named.url,
        tenant_id=named.tenant_id,
        id=named.id,
        trusted=answer.trusted,
        distrust=answer.distrust or "",
        checked_at=_aware(answer.checked_at),
        stale=answer.stale,
        is_unified_database=None if answer.is_unified_database is msgspec.UNSET else answer.is_unified_database,
        lifecycle_status=answer.lifecycle_status or None,
    )


def _refusal(reply: Reply, now: datetime) -> FnoLinkError:
    try:
        problem = msgspec.json.decode(reply.body, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        problem = _Problem()
    said = f"{problem.code}: {problem.detail[:500]}" if problem.code else "no reason given"
    msg = f"the app answered {reply.status}: {said}"
    if reply.status in {401, 403}:
        return AppRefused(msg)
    if reply.status == 404 and problem.code == UnknownOrganization.__name__:  # noqa: PLR2004 - as above
        return UnknownOrganization(problem.detail[:500])
    if reply.status < 500 and reply.status != 429:  # noqa: PLR2004 - as above
        return UnexpectedAnswer(msg, status=reply.status, hint=_LIE)
    return _REASONS.get(problem.code, LinkUnknown)(
        msg,
        retry_after=parse_retry_after(reply.headers.get("retry-after"), now),
        status=reply.status,
        remote_code=problem.remoteCode or None,
        hint=problem.hint[:500],
    )


def _seconds(text: str) -> float:
    digits = text.strip()
    return float(digits) if digits.isascii() and digits.isdigit() and len(digits) <= len("2147483648") else 0.0


def _date(text: str) -> datetime | None:
    try:
        return _aware(parsedate_to_datetime(text)) if text else None
    except (ValueError, OverflowError):
        return None


def _aware(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
