"""System jobs of registered steps that failed: what Dataverse could not send; pure.

Source: the page "Use webhooks to create external handlers for server events", section "Query failed asynchronous jobs":
statuscode 31 is Failed, `owningextensionid` the step.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

import msgspec

from integration.dataverse.json_body import Unreadable, read
from integration.errors import UnexpectedAnswer
from integration.redaction import redact

FAILED = 31
_MAX_MESSAGE = 500
_COLUMNS = "asyncoperationid,name,friendlymessage,errorcode,message,completedon,_owningextensionid_value"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A system job that failed.

    Args:
        id: Its id.
        name: What it is called.
        step: The id of the step.
        code: Dataverse's error code (0x80040265), empty where it gave none.
        message: Why it failed, cut to 500 characters.
        completed_at: When.
    """

    id: str
    name: str = ""
    step: str = ""
    code: str = ""
    message: str = ""
    completed_at: datetime


class Jobs(msgspec.Struct, frozen=True):
    """The newest of the jobs that failed.

    Args:
        newest: The newest first.
        count: How many there are, as far as Dataverse counts: 5,000.
    """

    newest: tuple[Job, ...]
    count: int


class _WireJob(msgspec.Struct, frozen=True):
    asyncoperationid: str
    completedon: datetime
    name: str | None = None
    friendlymessage: str | None = None
    message: str | None = None
    errorcode: int | None = None
    step: str | None = msgspec.field(name="_owningextensionid_value", default=None)


class _Wire(msgspec.Struct, frozen=True):
    value: list[_WireJob]
    count: int | None = msgspec.field(name="@odata.count", default=None)


def failed_jobs_path(steps: Sequence[str], since: datetime, top: int) -> str:
    """Return the path that asks for the failed jobs of steps.

    Args:
        steps: Ids of `sdkmessageprocessingstep` rows.
        since: Those that were completed then or later.
        top: How many rows at most.
    """
    of_steps = " or ".join(f"_owningextensionid_value eq {step}" for step in steps)
    at = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    wanted = quote(f"statuscode eq {FAILED} and completedon ge {at} and ({of_steps})", safe="")
    return f"asyncoperations?$select={_COLUMNS}&$filter={wanted}&$orderby=completedon%20desc&$top={top}&$count=true"


def read_jobs(body: bytes) -> Jobs:
    """Read the answer.

    Raises:
        UnexpectedAnswer: It is not a list of system jobs.
    """
    try:
        wire = read(body, _Wire)
    except Unreadable as error:
        msg = "Dataverse's answer about system jobs is not the documented JSON."
        raise UnexpectedAnswer(msg, status=200) from error
    return Jobs(tuple(map(_job, wire.value)), wire.count if wire.count is not None else len(wire.value))


def _job(wire: _WireJob) -> Job:
    said = wire.friendlymessage or wire.message or ""
    return Job(
        id=wire.asyncoperationid,
        name=(wire.name or "")[:_MAX_MESSAGE],
        step=wire.step or "",
        code=f"0x{wire.errorcode & 0xFFFFFFFF:08x}" if wire.errorcode else "",
        message=redact(said)[:_MAX_MESSAGE],
        completed_at=wire.completedon if wire.completedon.tzinfo else wire.completedon.replace(tzinfo=UTC),
    )
