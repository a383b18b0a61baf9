"""What the fleet shares about one organization's link, and where it is kept."""

from datetime import datetime
from typing import Literal, Protocol

import msgspec

from integration import errors
from integration.config.keys.model import Organization
from integration.links.values import Link, Linked, NotLinked
from integration.records import Reader

_KINDS: dict[str, type[errors.LinkUnknown]] = {
    kind.__name__: kind
    for kind in (
        errors.Unauthenticated,
        errors.Forbidden,
        errors.Throttled,
        errors.Unreachable,
        errors.UnexpectedAnswer,
    )
}


class Failure(msgspec.Struct, frozen=True):
    """Why the last call gave no answer, as another instance can raise it again.

    Args:
        kind: The error's code.
        message: Its message.
        status: The HTTP status, where there was one.
        remote_code: The other side's code, where it gave one.
        hint: What to do, where the code says more than the kind does.
        asked: Whether the other side asked for the wait.
    """

    kind: str
    message: str
    status: int | None = None
    remote_code: str | None = None
    hint: str = ""
    asked: bool = False

    @property
    def binds(self) -> bool:
        """Whether even a probe waits: the other side asked for it, or is asked too often as it is."""
        return self.asked or self.kind == errors.Throttled.__name__

    def error(self, retry_after: float) -> errors.LinkUnknown:
        """Make the error anew.

        Args:
            retry_after: Seconds until the next call is made.
        """
        kind = _KINDS.get(self.kind, errors.LinkUnknown)
        error = kind(
            self.message,
            retry_after=retry_after,
            status=self.status,
            remote_code=self.remote_code,
            hint=self.hint,
        )
        error.asked = self.asked
        return error

    @classmethod
    def of(cls, error: errors.LinkUnknown) -> "Failure":
        """Record an error."""
        own = error.hint if error.hint != type(error).hint else ""
        return cls(error.code, str(error), error.status, error.remote_code, own, error.asked)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One organization's row.

    Args:
        v: The record's version.
        link: The last answer.
        lease: Who is asking Dataverse right now; empty: nobody.
        failure: Why the last call gave no answer; None after an answer.
        attempts: Failures in a row.
        not_before: When the next call may be made.
    """

    v: Literal[1] = 1
    link: Linked | NotLinked | None = None
    lease: str = ""
    failure: Failure | None = None
    attempts: int = 0
    not_before: datetime | None = None

    def answered(self, link: Link) -> "Record":
        """Return this record after an answer; a lease that another holds by now stays."""
        return msgspec.structs.replace(self, link=link, failure=None, attempts=0, not_before=None)


class Stored(msgspec.Struct, frozen=True):
    """A record as read.

    Args:
        record: None when the stored text is not a record of this version: it may be replaced.
        etag: Its version, for a conditional write.
    """

    record: Record | None
    etag: str


class SharedTier(Protocol):
    """Where the fleet keeps its records. Every method raises StorageUnavailable when storage does not answer."""

    async def read(self, organization: Organization) -> Stored | None:
        """Return the record, None when there is none."""
        ...

    async def write(self, organization: Organization, record: Record, etag: str | None) -> str | None:
        """Write if nobody else has.

        Args:
            organization: Whose.
            record: What.
            etag: The version that it replaces; None: there must be none.

        Returns:
            The new version, None when somebody else was first.
        """
        ...

    async def aclose(self) -> None:
        """Close what it has opened."""
        ...


def encode_record(record: Record) -> str:
    """Return the record as text."""
    return msgspec.json.encode(record).decode()


def decode_record(text: object) -> Record | None:
    """Read a record's text, None when it is not one."""
    try:
        return _READER.read(text)
    except errors.CorruptRecord:
        return None


_READER = Reader(msgspec.json.Decoder(Record), "link record")
