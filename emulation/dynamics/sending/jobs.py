"""System jobs of asynchronous steps: rows of `asyncoperations`.

Sources: the table reference page of AsyncOperation; "Asynchronous service"; "Use webhooks …", section "Query failed
asynchronous jobs".
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from emulation.dynamics.sending.context import Happened
from emulation.dynamics.sending.failure import NotSent
from emulation.dynamics.sending.step import Step
from emulation.dynamics.tables.administration import JOBS
from emulation.dynamics.tables.store import LOGICAL_NAME, Row, Store

SYSTEM_EVENT = 1
READY, SUSPENDED, COMPLETED = 0, 1, 3
WAITING_FOR_RESOURCES, WAITING, IN_PROGRESS, SUCCEEDED, FAILED = 0, 10, 20, 30, 31
LOCKED = 2


class Job:
    """A system job.

    Args:
        store: The organization's rows.
        step: The step that it runs.
        happened: What it is about.
        user: The id of its owner.
    """

    def __init__(self, store: Store, step: Step, happened: Happened, user: str) -> None:
        self.id = str(uuid4())
        self._store = store
        self._forget = step.forget
        regarding: Row = {}
        if happened.key and happened.table != "none":
            regarding = {
                "_regardingobjectid_value": happened.key,
                f"_regardingobjectid_value{LOGICAL_NAME}": happened.table,
            }
        self._row: Row = {
            "asyncoperationid": self.id,
            "name": step.name,
            "operationtype": SYSTEM_EVENT,
            "messagename": happened.message,
            "primaryentitytype": happened.table,
            "correlationid": happened.correlation,
            "depth": 1,
            "errorcode": None,
            "message": None,
            "friendlymessage": None,
            "retrycount": 0,
            "createdon": now(),
            "_ownerid_value": user,
            "_owningextensionid_value": step.id,
            **regarding,
        }
        self._become({"statecode": READY, "statuscode": WAITING_FOR_RESOURCES})

    def begin(self) -> None:
        """Note that it runs."""
        started = self._row.get("startedon") or now()
        self._become({"statecode": LOCKED, "statuscode": IN_PROGRESS, "startedon": started, "postponeuntil": None})

    def succeed(self) -> None:
        """Note that it has done its work; a job that nobody wants to keep is deleted."""
        if self._forget:
            self._store.remove(JOBS, self.id)
            return
        self._become({"statecode": COMPLETED, "statuscode": SUCCEEDED, "completedon": now()})

    def wait(self, failure: NotSent, seconds: float) -> None:
        """Note that it tries again later."""
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        self._become(
            _told(failure)
            | {
                "statecode": SUSPENDED,
                "statuscode": WAITING,
                "postponeuntil": f"{until:%Y-%m-%dT%H:%M:%SZ}",
                "retrycount": self._row["retrycount"] + 1,
            }
        )

    def fail(self, failure: NotSent) -> None:
        """Note that it has failed for good."""
        self._become(_told(failure) | {"statecode": COMPLETED, "statuscode": FAILED, "completedon": now()})

    def _become(self, changes: Mapping[str, Any]) -> None:
        self._row |= changes
        self._row["modifiedon"] = now()
        self._store.put(JOBS, self._row)


def now() -> str:
    """Return the time as rows have it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _told(failure: NotSent) -> Row:
    return {"errorcode": failure.number, "message": str(failure), "friendlymessage": str(failure)}
