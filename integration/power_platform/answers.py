"""What the Power Platform says of an environment; pure.

Sources: the pages "Environments - Get Environment By Id For User" and "Operation - Get Operations For Environment" of
the Power Platform API (2024-10-01, preview), "RetrieveCurrentOrganization Function", and d365bap.tools
(Get-UnifiedEnvironment.ps1) for the undocumented msprov_getfinopsapplicationdetails. The pages publish no values for
`adminMode` and `state`: they are read as text, and `health.maintenance` says which of them it understands.

Nothing here must break fno-link, whatever comes: members that are missing or of another type are as good as empty.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from integration.dataverse.json_body import Unreadable, read_object
from integration.errors import UnexpectedAnswer
from integration.plain_text import plain

_MAX_TEXT = 200
_ID = re.compile(r"[0-9A-Za-z-]{1,100}")
"""Default environments are called `Default-` and the tenant's id."""


class LinkedEnvironment(msgspec.Struct, frozen=True):
    """The Finance & Operations environment that the platform has with this one.

    Args:
        id: Its id.
        type: `Internal` where it is a unified one, `Linked` where it comes from Lifecycle Services.
        url: Its URL, as written.
    """

    id: str = ""
    type: str = ""
    url: str = ""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment, as the Power Platform API tells it.

    Args:
        id: Its id.
        dataverse_id: The id of the Dataverse organization in it.
        admin_mode: Whether only administrators may sign in; no values are published.
        state: The state it is in; no values are published.
        linked: The Finance & Operations environment, None where it tells none.
    """

    id: str
    dataverse_id: str = ""
    admin_mode: str = ""
    state: str = ""
    linked: LinkedEnvironment | None = None


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A lifecycle operation: copy, restore, reset and the like.

    Args:
        id: Its id.
        name: What is done.
        status: `Queued`, `InProgress`, `Succeeded`, `Failed` and others.
        started: When it began, in UTC.
        ended: When it ended, in UTC.
    """

    id: str = ""
    name: str = ""
    status: str = ""
    started: datetime | None = None
    ended: datetime | None = None


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What a unified environment tells of its Finance & Operations application.

    Args:
        state: The state that it is in; undocumented.
        version: Of the application.
        deployment: `OnlineDev`, `Sandbox` and others; undocumented.
    """

    state: str = ""
    version: str = ""
    deployment: str = ""


def is_environment_id(text: str) -> bool:
    """Tell whether a text may stand in a path as the id of an environment."""
    return _ID.fullmatch(text) is not None


def read_environment_id(body: bytes) -> str:
    """Read the id of the environment from Dataverse's RetrieveCurrentOrganization.

    Raises:
        UnexpectedAnswer: It has none, or none that can be asked for.
    """
    found = _text(_object(_body(body, "RetrieveCurrentOrganization").get("Detail")), "EnvironmentId")
    if not is_environment_id(found):
        msg = "Dataverse's RetrieveCurrentOrganization does not say which environment this is."
        raise UnexpectedAnswer(msg, status=200)
    return found


def read_environment(body: bytes, asked: str) -> Environment:
    """Read an environment.

    Args:
        body: What came with 200.
        asked: The id that was asked for.

    Raises:
        UnexpectedAnswer: It is no JSON object, or another environment.
    """
    wire = _body(body, "The Power Platform API")
    found = _text(wire, "id")
    if found.lower() != asked.lower():
        msg = f"The Power Platform API answered another environment than {asked}."
        raise UnexpectedAnswer(msg, status=200)
    linked = _object(wire.get("finOpsMetadata"))
    return Environment(
        id=found,
        dataverse_id=_text(wire, "dataverseId"),
        admin_mode=_text(wire, "adminMode"),
        state=_text(wire, "state"),
        linked=LinkedEnvironment(**{key: _text(linked, key) for key in ("id", "type", "url")}) if linked else None,
    )


def read_operations(body: bytes) -> tuple[Sequence[Operation], str]:
    """Read a page of lifecycle operations.

    Returns:
        The operations, and what to ask for the next page by; empty: it was the last.

    Raises:
        UnexpectedAnswer: It is no list of operations.
    """
    wire = _body(body, "The Power Platform API")
    listed = wire.get("collection", wire.get("value"))
    if not isinstance(listed, list):
        msg = "The Power Platform API answered no list of operations."
        raise UnexpectedAnswer(msg, status=200)
    operations = [
        Operation(
            id=_text(each, "operationId"),
            name=_text(each, "name"),
            status=_text(each, "status"),
            started=_time(each, "startTime"),
            ended=_time(each, "endTime"),
        )
        for each in map(_object, cast("list[Any]", listed))
    ]
    token = wire.get("continuationToken")
    return operations, token if isinstance(token, str) else ""


def read_application(body: bytes) -> Application:
    """Read the answer of msprov_getfinopsapplicationdetails.

    Raises:
        UnexpectedAnswer: It is no JSON object, or holds nothing that is known.
    """
    wire = _body(body, "Dataverse's msprov_getfinopsapplicationdetails")
    found = Application(
        state=_text(wire, "finopsenvironmentstate"),
        version=_text(wire, "applicationversion"),
        deployment=_text(wire, "applicationdeploymenttype"),
    )
    if found == Application():
        msg = "Dataverse's msprov_getfinopsapplicationdetails holds nothing that is known."
        raise UnexpectedAnswer(msg, status=200)
    return found


def _body(body: bytes, whose: str) -> dict[str, Any]:
    try:
        return read_object(body)
    except Unreadable as error:
        msg = f"{whose} answered something that is not a JSON object."
        raise UnexpectedAnswer(msg, status=200) from error


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(wire: dict[str, Any], key: str) -> str:
    value = wire.get(key)
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value)[:_MAX_TEXT].strip() if isinstance(value, str) else ""


def _time(wire: dict[str, Any], key: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(_text(wire, key))
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
