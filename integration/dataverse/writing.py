"""Writes of rows, and what Dataverse's refusals of them mean; pure.

Sources: the pages "Create a table row using the Web API", "Compose HTTP requests and handle errors" (the header
`MSCRM.SolutionUniqueName`), "Web service error codes" and "Managed properties".
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from integration.dataverse.connection import Reply
from integration.dataverse.failures import failure, read_error
from integration.errors import Forbidden, LinkUnknown, RowRefused, UnexpectedAnswer

SOLUTION = "MSCRM.SolutionUniqueName"
_ENTITY = re.compile(r".*\(([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\)")
_PRIVILEGE = re.compile(r"\bprv[A-Za-z]{1,100}\b")

HINTS: Mapping[str, str] = {
    "0x80040203": "A value does not fit: Dataverse's words say which.",
    "0x80040217": "It has been deleted meanwhile: run the command again.",
    "0x80040237": "A row with this key is there already: run the command again.",
    "0x80041103": "Correct the name of the column: its logical name.",
    "0x80044184": "An asynchronous step belongs to the stage post_operation.",
    "0x80044187": "Dataverse lets no step be registered for this message of this table.",
    "0x80044189": "Leave the images out: this message has none.",
    "0x8004416b": "Leave the images out: this message names its row otherwise.",
    "0x80048d19": "This environment's tables are not as documented: please tell us, with Dataverse's words.",
    "0x80050209": "Use a shared access rule.",
    "0x8004f01f": "Something hangs on it: delete that first.",
    "0x8004f032": "A managed solution has brought it: change it where that is made.",
    "0x8004431a": "A value is none of the choice's: this environment may be of an older version.",
    "0x80044331": "A text is too long.",
}
"""What to do, by code in lower case."""


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One request that writes.

    Args:
        method: What it does.
        path: The entity set, or one row of it.
        row: The columns; of a deletion none.
        headers: Beside the usual ones.
    """

    method: Literal["POST", "PATCH", "DELETE"]
    path: str
    row: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}

    def __repr__(self) -> str:
        """Leave the columns out, which may hold secrets."""
        return f"Write({self.method} {self.path})"


def read_id(url: str) -> str:
    """Return the id in the URL of a row that was created (`OData-EntityId`).

    Raises:
        UnexpectedAnswer: It does not tell it.
    """
    found = _ENTITY.fullmatch(url)
    if found is None:
        msg = "Dataverse created a row and did not tell its id."
        raise UnexpectedAnswer(msg)
    return found[1].lower()


def refused(host: str, method: str, path: str, reply: Reply, now: datetime) -> LinkUnknown:
    """Make the error for a write that was not done.

    Args:
        host: Who answered.
        method: What was asked.
        path: Of what.
        reply: The answer.
        now: For a Retry-After that is a date.

    Returns:
        Who refuses whom, as for a read, with the privilege that is missing; else `RowRefused` with Dataverse's words.
    """
    error, said = failure(host, reply, now), read_error(reply.body)
    if isinstance(error, Forbidden):
        missing = _PRIVILEGE.search(said.message)
        if missing:
            msg = f"{error} It lacks {missing[0]}."
            hint = "Give it the security role System Customizer, or System Administrator."
            return Forbidden(msg, status=error.status, remote_code=error.remote_code, hint=hint)
        return error
    server_error = 500
    if not isinstance(error, UnexpectedAnswer) or reply.status >= server_error:
        return error
    code = f" {said.code}" if said.code else ""
    what = path.partition("(")[0]
    msg = f"{host} did not take the {method} of {what} ({reply.status}{code}): {said.message or 'no words'}"
    return RowRefused(msg, status=reply.status, remote_code=said.code, hint=HINTS.get(said.code, ""))
