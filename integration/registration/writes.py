"""The requests that make a change so; pure."""

from collections.abc import Mapping
from random import Random
from typing import Any

from integration.dataverse.writing import SOLUTION, Write
from integration.registration.marker import Mark, hashed
from integration.registration.plan import Change
from integration.registration.values import ENTITY_SETS, Kind
from integration.registration.wanted import WantedEndpoint

LONGEST: Mapping[Kind, int] = {"endpoint": 2000, "step": 256, "image": 256}
STATUS = {0: 1, 1: 2}
"""The status of each state of a step."""


class Ids:
    """What is known of ids while changes are made.

    Args:
        messages: Ids of messages, by name.
        filters: Ids of filters, by message and table.
    """

    def __init__(self, messages: Mapping[str, str], filters: Mapping[tuple[str, str], str]) -> None:
        self.messages = messages
        self.filters = filters
        self.rows: dict[tuple[Kind, str], str] = {}


def writes_of(change: Change, owner: str, ids: Ids, rng: Random, solution: str = "") -> tuple[Write, ...]:
    """Return the requests for a change, in their order; none where nothing is to be written.

    Args:
        change: The change.
        owner: Whose it becomes.
        ids: Of what it belongs to.
        rng: Draws salts.
        solution: The unique name of the solution that it becomes part of; empty: none.
    """
    headers = {SOLUTION: solution} if solution else {}
    entity_set = ENTITY_SETS[change.kind]
    path = f"{entity_set}({change.id})"
    if change.action == "create":
        row = _new(change, owner, ids, rng)
        first = Write(method="POST", path=entity_set, row=row, headers=headers)
        return (first,)
    if change.action not in ("update", "rotate"):
        return ()
    row = _changed(change, owner, rng)
    return (Write(method="PATCH", path=path, row=row, headers={**headers, "If-Match": "*"}),)


def switched_off(id_: str) -> Write:
    """Return the request that switches a step off: a new one begins switched on, whatever is asked."""
    row = {"statecode": 1, "statuscode": STATUS[1]}
    return Write(method="PATCH", path=f"{ENTITY_SETS['step']}({id_})", row=row, headers={"If-Match": "*"})


def deletion(change: Change) -> Write:
    """Return the request that deletes a row."""
    return Write(method="DELETE", path=f"{ENTITY_SETS[change.kind]}({change.id})")


def _new(change: Change, owner: str, ids: Ids, rng: Random) -> dict[str, Any]:
    endpoint, step, image = change.endpoint, change.step, change.image
    if endpoint is None:
        msg = f"{change.name}: nothing says what it is to be"
        raise ValueError(msg)
    if image is not None and step is not None:
        row: dict[str, Any] = {
            **image.columns,
            "name": f"{owner}: {image.alias}",
            "entityalias": image.alias,
            "sdkmessageprocessingstepid@odata.bind": f"/sdkmessageprocessingsteps({ids.rows['step', step.name]})",
        }
        mark = Mark(owner=owner)
    elif step is not None:
        row = {
            **{name: value for name, value in step.columns.items() if name != "statecode"},
            "name": step.name,
            "invocationsource": 0,
            "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({ids.rows['endpoint', endpoint.name]})",
            "sdkmessageid@odata.bind": f"/sdkmessages({ids.messages[step.message]})",
        }
        if step.table:
            row["sdkmessagefilterid@odata.bind"] = f"/sdkmessagefilters({ids.filters[step.message, step.table]})"
        mark = Mark(owner=owner)
    else:
        row = {**endpoint.columns, "name": endpoint.name, **_secret(endpoint)}
        mark = _mark(endpoint, owner, rng)
    row["description"] = mark.described(f"Sends to the source {endpoint.source} of fno-link.", LONGEST[change.kind])
    return {name: value for name, value in row.items() if value is not None}


def _changed(change: Change, owner: str, rng: Random) -> dict[str, Any]:
    endpoint = change.endpoint
    row: dict[str, Any] = {each.column: each.wanted for each in change.differences}
    if change.kind == "endpoint" and endpoint is not None and endpoint.secret is not None:
        # What the endpoint is may decide what its secret means: both are written together.
        row |= _secret(endpoint)
        mark = _mark(endpoint, owner, rng)
        row["description"] = mark.described(f"Sends to the source {endpoint.source} of fno-link.", LONGEST["endpoint"])
    if "statecode" in row:
        row["statuscode"] = STATUS[row["statecode"]]
    return row


def _secret(endpoint: WantedEndpoint) -> dict[str, str]:
    return {endpoint.secret.column: endpoint.secret.value} if endpoint.secret else {}


def _mark(endpoint: WantedEndpoint, owner: str, rng: Random) -> Mark:
    if endpoint.secret is None:
        return Mark(owner=owner)
    salt = rng.randbytes(16).hex()
    return Mark(owner=owner, salt=salt, hash=hashed(endpoint.secret.value, salt))
