"""The body of a POST or PATCH: columns and bindings of a table, or a refusal.

Sources: the pages "Create a table row using the Web API", "Associate table rows on create", "Update and delete table
rows using the Web API" and "Troubleshoot Web API client errors".
"""

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from emulation.dynamics.dataverse_schema import GUID
from emulation.dynamics.tables.column import Column, of_value
from emulation.dynamics.tables.declared import Declared
from emulation.dynamics.tables.refused import (
    Refused,
    bad_payload,
    does_not_exist,
    no_such_navigation,
    no_such_property,
)
from emulation.dynamics.tables.store import LOGICAL_NAME, Row, Store

_BIND = "@odata.bind"
_ROW = re.compile(rf"(?:https?://[^/]+/api/data/v9\.\d)?/?(\w+)\(({GUID.pattern})\)")
_OWN_NAME = re.compile(r"[a-z][a-z0-9_]*")


def decode(body: bytes, entity_set: str) -> dict[str, Any]:
    """Return the object that a body is.

    Raises:
        Refused: It is none.
    """
    try:
        value: object = json.loads(body)
    except ValueError as error:
        raise bad_payload(entity_set, f"Newtonsoft.Json.JsonReaderException: {error}") from error
    if not isinstance(value, dict):
        raise bad_payload(entity_set, "Microsoft.OData.ODataException: A 'StartObject' node was expected.")
    return cast("dict[str, Any]", value)


def given(store: Store, table: Declared, payload: Mapping[str, Any], *, creating: bool) -> Row:
    """Return what a body sets, by property.

    Args:
        store: The organization's rows.
        table: The table.
        payload: The body.
        creating: Whether the row is new.

    Raises:
        Refused: A property does not exist, or does not take its value.
    """
    columns = table.by_property()
    found: Row = {}
    for name, value in payload.items():
        if name.endswith(_BIND):
            found |= _bound(store, table, name.removesuffix(_BIND), value)
        elif "@" in name:
            continue
        elif name in columns:
            column = columns[name]
            if column.type == "Lookup":
                raise bad_payload(
                    table.entity_set,
                    "Microsoft.Crm.CrmException: CRM do not support direct update of Entity Reference properties, "
                    "Use Navigation properties instead.",
                )
            if column.writable and (creating or not column.once):
                found[name] = column.check(value, table.entity_set, table.logical_name)
        else:
            found |= _undeclared(table, name, value)
    return found


def _undeclared(table: Declared, name: str, value: Any) -> Row:
    if name in {collection.name for collection in table.collections}:
        message = "The emulated Web API does not create related rows in one request."
        raise Refused(501, "0x80044824", message)
    if name in table.by_navigation():
        reason = "An unexpected 'PrimitiveValue' node was found when reading from the JSON reader."
        raise bad_payload(table.entity_set, f"Microsoft.OData.ODataException: {reason} A 'StartObject' was expected.")
    if not table.open or not _OWN_NAME.fullmatch(name):
        raise no_such_property(table.entity_set, table.logical_name, name)
    return {name: of_value(name, value).check(value, table.entity_set, table.logical_name)}


def _bound(store: Store, table: Declared, navigation: str, value: Any) -> Row:
    known = table.by_navigation().get(navigation)
    if known is None and not (table.open and _OWN_NAME.fullmatch(navigation)):
        raise no_such_navigation(table.entity_set, navigation)
    column, target = known or (Column(navigation, "Lookup"), "")
    if value is None:
        return {column.property: None}
    row = _ROW.fullmatch(value) if isinstance(value, str) else None
    led = store.table(row[1]) if row else None
    if row is None or led is None or (target and led.logical_name != target):
        reason = f"Invalid Resource Reference '{value}' for the navigation property '{navigation}'."
        raise bad_payload(table.entity_set, f"Microsoft.OData.ODataException: {reason}")
    if store.find(led, row[2]) is None:
        raise does_not_exist(led.schema_name, row[2])
    return {column.property: row[2].lower(), f"{column.property}{LOGICAL_NAME}": led.logical_name}
