"""Which steps a change concerns.

Sources: the pages "Event framework", "Register a plug-in" (filtering attributes, execution order) and "Enable virtual
tables to support Dataverse events".
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from emulation.dynamics.dataverse_schema import Row
from emulation.dynamics.tables.store import LOGICAL_NAME, Store

ENABLED = 0
FILTERED = frozenset({"Update", "OnExternalUpdated"})


class Image(msgspec.Struct, frozen=True):
    """An image that a step wants.

    Args:
        alias: Its key in the context.
        before: Whether it is of before.
        after: Whether it is of afterwards.
        attributes: The columns in it; empty: all.
    """

    alias: str
    before: bool
    after: bool
    attributes: frozenset[str]


class Step(msgspec.Struct, frozen=True):
    """A registered step.

    Args:
        id: Its id.
        name: Its name.
        message: The message's name.
        stage: Where in the pipeline.
        asynchronous: Whether a system job runs it.
        rank: Its place among those of its stage.
        endpoint: The row of its endpoint, secrets included.
        images: The images that it wants.
        user: Whom it impersonates; empty: the caller.
        forget: Whether its job is deleted when it has succeeded.
    """

    id: str
    name: str
    message: str
    stage: int
    asynchronous: bool
    rank: int
    endpoint: Mapping[str, Any]
    images: tuple[Image, ...]
    user: str = ""
    forget: bool = False


def steps_for(store: Store, message: str, table: str, changed: Iterable[str] = ()) -> list[Step]:
    """Return the enabled steps of a message of a table, in the order in which they run.

    Args:
        store: The organization's rows.
        message: The message's name.
        table: The table's logical name; "none" for a message without one.
        changed: Logical names of the columns that an update gives.
    """
    messages = [row["sdkmessageid"] for row in store.rows("sdkmessages") if row["name"] == message]
    given = set(changed)
    found = [
        _step(store, row, message)
        for row in store.rows("sdkmessageprocessingsteps")
        if row.get("statecode", ENABLED) == ENABLED
        and row.get("_sdkmessageid_value") in messages
        and row.get(f"_eventhandler_value{LOGICAL_NAME}") == "serviceendpoint"
        and _of_table(store, row, table)
        and (message not in FILTERED or _concerned(row, given))
    ]
    return sorted((step for step in found if step is not None), key=lambda step: (step.stage, step.rank))


def _of_table(store: Store, row: Row, table: str) -> bool:
    key = row.get("_sdkmessagefilterid_value")
    if key is None:
        return True  # a step without a filter is for every table
    filters = store.named("sdkmessagefilter")
    found = store.find(filters, str(key)) if filters else None
    return found is not None and found["primaryobjecttypecode"] == table


def _concerned(row: Row, given: set[str]) -> bool:
    wanted = _names(row.get("filteringattributes"))
    return not wanted or bool(wanted & given)


def _step(store: Store, row: Row, message: str) -> Step | None:
    endpoints = store.named("serviceendpoint")
    endpoint = store.find(endpoints, str(row["_eventhandler_value"])) if endpoints else None
    if endpoint is None:
        return None
    key = str(row["sdkmessageprocessingstepid"])
    images = store.referring("sdkmessageprocessingstepimage", "sdkmessageprocessingstepid", key)
    return Step(
        key,
        str(row["name"]),
        message,
        row["stage"],
        row.get("mode") == 1,
        row.get("rank") or 0,
        dict(endpoint),
        tuple(_image(image) for image in images),
        str(row.get("_impersonatinguserid_value") or ""),
        bool(row.get("asyncautodelete")),
    )


def _image(row: Row) -> Image:
    kind = row["imagetype"]
    return Image(str(row["entityalias"]), kind in {0, 2}, kind in {1, 2}, frozenset(_names(row.get("attributes"))))


def _names(text: Any) -> set[str]:
    return {name.strip() for name in str(text or "").split(",") if name.strip()}
