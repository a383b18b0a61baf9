"""The answers of the calls that fno-link makes; pure.

Source: the page "Enable Power Platform Integration", section "Verify Power Platform integration status at runtime".
"""

import re
from collections.abc import Iterable

import msgspec

from integration.dataverse.connection import Reply
from integration.dataverse.failures import read_error
from integration.dataverse.json_body import Unreadable, read
from integration.dataverse.wording import speaks_of_integration
from integration.errors import UnexpectedAnswer

NOT_INTEGRATED = "0x80048d0b"
"""A generic code: it means "not integrated" only with 400 and only as the answer of the link call."""

_BAD_REQUEST = 400
_LABEL = r"(?!xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_URL = re.compile(rf"https://(?=[^/]{{1,253}}\Z)(?:{_LABEL}\.)+[a-z]{{2,63}}")
"""Host names as Dynamics 365 gives them out: no IP address, no international name, which may look like another."""

_ID = re.compile(r"[a-z0-9]{8}(?:-[a-z0-9]{4}){3}-[a-z0-9]{12}")
_MAX_STATUS = 100


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """The organization is linked, to this environment.

    Args:
        url: https, lower case, no trailing slash, port, path or user info.
        tenant_id: Lower case.
        id: Lower case.
        is_unified_database: Undocumented, where present.
        lifecycle_status: Undocumented, where present.
    """

    url: str
    tenant_id: str
    id: str
    is_unified_database: bool | None = None
    lifecycle_status: str | None = None


class NotIntegrated(msgspec.Struct, frozen=True):
    """The organization is definitively not linked.

    Args:
        code: 0x80048d0b.
        message: Dataverse's words.
        familiar: Whether they speak of the integration; the code is generic.
    """

    code: str
    message: str
    familiar: bool = True


type LinkAnswer = Details | NotIntegrated


class Identity(msgspec.Struct, frozen=True):
    """Who the caller is to Dataverse; ids in lower case."""

    organization_id: str
    user_id: str
    business_unit_id: str


class _WireDetails(msgspec.Struct, frozen=True):
    url: str | None = msgspec.field(name="Url", default=None)
    tenant_id: str | None = msgspec.field(name="TenantId", default=None)
    id: str | None = msgspec.field(name="Id", default=None)
    # Undocumented: whatever their type, they must not break the documented part.
    is_unified_database: object = msgspec.field(name="IsUnifiedDatabase", default=None)
    lifecycle_status: object = msgspec.field(name="OrgLifecycleStatus", default=None)


class _WireIdentity(msgspec.Struct, frozen=True, rename="pascal"):
    organization_id: str
    user_id: str
    business_unit_id: str = ""


def read_link(body: bytes) -> Details:
    """Read a 200 of the link call.

    Raises:
        UnexpectedAnswer: Not JSON, or a documented property is missing or not what it should be.
    """
    try:
        wire = read(body, _WireDetails)
    except Unreadable as error:
        msg = "Dataverse's link answer is not the documented JSON."
        raise UnexpectedAnswer(msg, status=200) from error
    return check_details(
        Details(
            url=wire.url or "",
            tenant_id=wire.tenant_id or "",
            id=wire.id or "",
            is_unified_database=wire.is_unified_database if isinstance(wire.is_unified_database, bool) else None,
            lifecycle_status=(wire.lifecycle_status[:_MAX_STATUS] if isinstance(wire.lifecycle_status, str) else None),
        )
    )


def check_details(details: Details) -> Details:
    """Check and normalise url and ids, from the network or from the shared tier alike.

    Raises:
        UnexpectedAnswer: The url is empty or not a bare https URL, or an id has not the form 8-4-4-4-12.
    """
    url = _plain(details.url).removesuffix("/")
    if not url:
        msg = "Dataverse's link answer has an empty Url."
        raise UnexpectedAnswer(msg, status=200)
    if not _URL.fullmatch(url):
        msg = f"Dataverse's link answer has a Url that is not a bare https URL: {details.url[:200]!r}."
        raise UnexpectedAnswer(msg, status=200)
    ids = {"TenantId": _plain(details.tenant_id), "Id": _plain(details.id)}
    for name, value in ids.items():
        if not _ID.fullmatch(value):
            msg = f"Dataverse's link answer has a {name} that is not an id: {value[:80]!r}."
            raise UnexpectedAnswer(msg, status=200)
    return msgspec.structs.replace(details, url=url, tenant_id=ids["TenantId"], id=ids["Id"])


def _plain(text: str) -> str:
    """Fold case in ASCII only: other letters have lower forms that are ASCII, and would pass for them."""
    return text.strip().lower() if text.isascii() else text


def read_not_integrated(reply: Reply, wordings: Iterable[str] = ()) -> NotIntegrated | None:
    """Tell whether a reply of the link call says "not linked"; None when it says something else.

    Args:
        reply: The reply.
        wordings: See `speaks_of_integration`.
    """
    if reply.status != _BAD_REQUEST:
        return None
    error = read_error(reply.body)
    if error.code != NOT_INTEGRATED:
        return None
    return NotIntegrated(error.code, error.message, speaks_of_integration(error.message, wordings))


def read_identity(body: bytes) -> Identity:
    """Read a 200 of WhoAmI.

    Raises:
        UnexpectedAnswer: It is not the documented JSON.
    """
    try:
        wire = read(body, _WireIdentity)
    except Unreadable as error:
        msg = "Dataverse's WhoAmI answer is not the documented JSON."
        raise UnexpectedAnswer(msg, status=200) from error
    return Identity(wire.organization_id.lower(), wire.user_id.lower(), wire.business_unit_id.lower())
