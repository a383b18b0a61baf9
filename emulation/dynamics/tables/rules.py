"""What particular tables refuse beyond their columns' types.

Sources: "Register a plug-in" (stages, modes), "Use webhooks to create external handlers", "Azure integration" (Service
Bus endpoints are asynchronous), "Define entity images", "Web service error codes" and the table reference pages. Where
no page names the code, it is InvalidArgument.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from emulation.dynamics.dataverse_schema import Row
from emulation.dynamics.tables.declared import Declared
from emulation.dynamics.tables.refused import Refused, invalid, managed, missing, stage_refused
from emulation.dynamics.tables.store import LOGICAL_NAME, Store

WEBHOOK, EVENT_GRID = 8, 9
SERVICE_BUS = frozenset({1, 2, 3, 4, 5, 6, 7})
ACS, SAS_KEY, SAS_TOKEN, MANAGED_IDENTITY = 1, 2, 3, 9
WEBHOOK_AUTHENTICATION = frozenset({4, 5, 6})
SYNCHRONOUS, ASYNCHRONOUS = 0, 1
STAGES = frozenset({10, 20, 40})
POST = 40
DISABLED = 1
KEY_LENGTH = 44
STATUS_OF_STATE = {0: 1, 1: 2}
PROPERTY = {"Create": "Id", "SetState": "EntityMoniker", "SetStateDynamicEntity": "EntityMoniker"}
WITH_IMAGES = frozenset(
    {"Assign", "Create", "Delete", "DeliverIncoming", "DeliverPromote", "Merge", "Route", "Send", "SetState"}
    | {"SetStateDynamicEntity", "Update", "OnExternalCreated", "OnExternalUpdated", "OnExternalDeleted"}
)
PRE, AFTER = frozenset({0, 2}), frozenset({1, 2})
ALWAYS = frozenset({"Active", "Default"})


def check(store: Store, table: Declared, row: Row, before: Row | None) -> None:
    """Refuse a row that its table does not take.

    Args:
        store: The organization's rows.
        table: The row's table.
        row: As it would be.
        before: As it was; None: it is new.

    Raises:
        Refused: It is not taken.
    """
    if before is not None and before.get("ismanaged") and not _customizable(before):
        raise managed("Update", str(before.get("name")), str(before[table.key]), "iscustomizable")
    _required(table, row)
    _state(table, row)
    rule = _RULES.get(table.logical_name)
    if rule:
        rule(store, row)
    _alternate_keys(store, table, row)


def check_deletion(table: Declared, row: Row) -> None:
    """Refuse to delete what must stay.

    Raises:
        Refused: It must.
    """
    if row.get("ismanaged") and table.component:
        raise managed("Delete", str(row.get("name")), str(row[table.key]), "ismanaged")
    if table.logical_name == "solution" and row.get("uniquename") in ALWAYS:
        raise Refused(400, "0x8004F005", "Attempting to delete a restricted solution.")
    if table.logical_name == "publisher" and str(row.get("uniquename")).startswith("DefaultPublisher"):
        raise Refused(400, "0x8004F006", "Attempting to delete a restricted publisher.")


def message_of(store: Store, step: Row) -> str:
    """Return the name of the message of a step."""
    messages = store.named("sdkmessage")
    found = store.find(messages, str(step.get("_sdkmessageid_value"))) if messages else None
    return str(found["name"]) if found else ""


def _customizable(row: Row) -> bool:
    value: Any = row.get("iscustomizable")
    return not isinstance(value, dict) or bool(value.get("Value", True))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  (JSON)


def _required(table: Declared, row: Row) -> None:
    for column in table.every_column():
        if column.required and row.get(column.property) in {None, ""}:
            raise missing(table.logical_name, column.name)


def _state(table: Declared, row: Row) -> None:
    columns = {column.name: column for column in table.columns}
    if "statecode" not in columns or table.logical_name == "asyncoperation" or row.get("statecode") is None:
        return
    state, status = row["statecode"], row.get("statuscode")
    if STATUS_OF_STATE.get(state) != status and table.component:
        label = columns["statecode"].options[state]
        message = f"{status} is not a valid status code for state code {table.schema_name}State.{label}"
        raise Refused(400, "0x80048408", f"{message} on {table.logical_name} with Id {row[table.key]}.")


def _alternate_keys(store: Store, table: Declared, row: Row) -> None:
    for name in table.alternate_keys:
        wanted = str(row.get(name)).lower()
        for other in store.rows(table.entity_set):
            if other[table.key] != row[table.key] and str(other.get(name)).lower() == wanted:
                message = f"The solution unique name '{row.get(name)}' is already being used and cannot be used again."
                raise Refused(400, "0x8004F023", message.replace("solution", table.logical_name))


def _endpoint(_store: Store, row: Row) -> None:
    contract, kind = row["contract"], row.get("authtype")
    if contract == WEBHOOK:
        _url(row)
        if kind not in WEBHOOK_AUTHENTICATION:
            msg = f"The authentication type {kind} cannot be used with the contract Webhook."
            raise invalid(msg)
        if not row.get("isauthvalueset"):
            raise missing("serviceendpoint", "authvalue")
    elif contract in SERVICE_BUS:
        _service_bus(row)
    elif contract == EVENT_GRID and not row.get("url") and not row.get("namespaceaddress"):
        raise missing("serviceendpoint", "url")


def _url(row: Row) -> None:
    url = str(row.get("url") or "")
    if not url:
        raise missing("serviceendpoint", "url")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        msg = f"The URL '{url}' of the service endpoint is not a valid absolute HTTP URL."
        raise invalid(msg)


def _service_bus(row: Row) -> None:
    kind = row.get("authtype")
    if kind == ACS:
        message = "Service Endpoint with ACS authentication type is no longer supported. Please change your endpoint"
        raise Refused(400, "0x80050209", f"{message} configuration to use a supported authentication type")
    if kind not in {SAS_KEY, SAS_TOKEN, MANAGED_IDENTITY}:
        msg = f"The authentication type {kind} cannot be used with the contract {row['contract']}."
        raise invalid(msg)
    for column in ("namespaceaddress", "path") if row.get("namespaceformat") != 1 else ("solutionnamespace", "path"):
        if not row.get(column):
            raise missing("serviceendpoint", column)
    if row.get("namespaceformat") != 1 and not str(row["namespaceaddress"]).startswith("sb://"):
        msg = f"The namespace address '{row['namespaceaddress']}' does not begin with sb://."
        raise invalid(msg)
    _shared_access(row)


def _shared_access(row: Row) -> None:
    kind = row.get("authtype")
    if kind == SAS_KEY:
        for column, there in (("saskeyname", row.get("saskeyname")), ("saskey", row.get("issaskeyset"))):
            if not there:
                raise missing("serviceendpoint", column)
        if len(str(row.get("saskey"))) != KEY_LENGTH:
            msg = f"The SAS key must have {KEY_LENGTH} characters."
            raise invalid(msg)
    if kind == SAS_TOKEN and not row.get("issastokenset"):
        raise missing("serviceendpoint", "sastoken")


def _step(store: Store, row: Row) -> None:
    if row["stage"] not in STAGES or (row["mode"] == ASYNCHRONOUS and row["stage"] != POST):
        raise stage_refused()
    _filter_of_step(store, row)
    handler = row.get("_eventhandler_value")
    if row.get(f"_eventhandler_value{LOGICAL_NAME}") == "serviceendpoint":
        endpoints = store.named("serviceendpoint")
        endpoint = store.find(endpoints, str(handler)) if endpoints else None
        if endpoint and endpoint["contract"] != WEBHOOK and row["mode"] == SYNCHRONOUS:
            raise invalid("A step of a service endpoint other than a webhook can only be registered as asynchronous.")


def _filter_of_step(store: Store, row: Row) -> None:
    filters = store.named("sdkmessagefilter")
    key = row.get("_sdkmessagefilterid_value")
    found = store.find(filters, str(key)) if filters and key else None
    if found is None:
        if row.get("filteringattributes"):
            raise invalid("Filtering attributes need a message filter with a primary entity.")
        return
    if found["_sdkmessageid_value"] != row["_sdkmessageid_value"]:
        msg = f"The message filter {key} is not one of the message {row['_sdkmessageid_value']}."
        raise invalid(msg)
    if not found.get("iscustomprocessingstepallowed", True):
        message = "Custom SdkMessageProcessingStep is not allowed on the specified message and entity."
        raise Refused(400, "0x80044187", message)
    _known(store, str(found["primaryobjecttypecode"]), row.get("filteringattributes"))


def _image(store: Store, row: Row) -> None:
    steps = store.named("sdkmessageprocessingstep")
    step = store.find(steps, str(row.get("_sdkmessageprocessingstepid_value"))) if steps else None
    if step is None:
        raise missing("sdkmessageprocessingstepimage", "sdkmessageprocessingstepid")
    message, wanted = message_of(store, step), row["imagetype"]
    if message not in WITH_IMAGES:
        raise Refused(400, "0x80044189", f"Message '{message}' does not support image registration.")
    if row["messagepropertyname"] != PROPERTY.get(message, "Target"):
        text = f"Message property name '{row['messagepropertyname']}' is not valid on message {message}."
        raise Refused(400, "0x8004416b", text)
    if (message == "Create" and wanted in PRE) or (message == "Delete" and wanted in AFTER):
        raise Refused(400, "0x8004416d", f"Message {message} does not support this image type.")
    if step["stage"] != POST and wanted in AFTER:
        raise Refused(400, "0x8004416e", "PreEvent step registration does not support Post Image.")
    filters = store.named("sdkmessagefilter")
    found = store.find(filters, str(step.get("_sdkmessagefilterid_value"))) if filters else None
    if found:
        _known(store, str(found["primaryobjecttypecode"]), row.get("attributes"))


def _known(store: Store, logical_name: str, attributes: Any) -> None:
    table = store.named(logical_name)
    if not attributes or table is None:
        return
    names = {column.name for column in table.every_column()}
    if logical_name.startswith("mserp_") and not store.rows(table.entity_set):
        return  # nothing tells which columns it has
    for name in str(attributes).split(","):
        if name.strip() not in names:
            message = f"'{table.schema_name}' entity doesn't contain attribute with Name = '{name.strip()}'"
            raise Refused(400, "0x80041103", f"{message} and NameMapping = 'Logical'.")


_RULES: dict[str, Callable[[Store, Row], None]] = {
    "serviceendpoint": _endpoint,
    "sdkmessageprocessingstep": _step,
    "sdkmessageprocessingstepimage": _image,
}
