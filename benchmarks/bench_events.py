"""Decoding, routing and encoding of events, against the json module on the same body."""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks.measure import Row, row, side_by_side
from integration.config.keys.model import Route
from integration.events.cloudevents import structured
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Inbound
from integration.routing.table import RouteTable

CONTRACTS = "http://schemas.microsoft.com/xrm/2011/Contracts"
LINK = {
    "fnourl": "https://contoso.operations.dynamics.com",
    "fnoid": "66666666-7777-8888-9999-aaaaaaaaaaaa",
    "fnotenantid": "11111111-2222-3333-4444-555555555555",
}
ID = "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f{:03d}"


def rows(*, quick: bool = False) -> list[Row]:
    """Measure a 1 KB business event and a 4 KB context; the output is checked before it is timed."""
    table = RouteTable.compile(routes())
    measured: list[Row] = []
    for name, body, routed, budget in (
        ("decode-encode business event 1 KB", business_event(), False, 1.0),
        ("decode-encode context 4 KB", context(), False, None),
        ("decode, 100 routes, stamp, encode business event 1 KB", business_event(), True, 1.5),
        ("decode, 100 routes, stamp, encode context 4 KB", context(), True, 2.0),
    ):
        message = inbound(body)
        verify(message)
        work = partial(through_routes, table, message) if routed else partial(through, message)
        if routed:
            verify_routes(table, message)
        seconds = side_by_side(
            {"fno-link": work, "json": lambda body=body: json.dumps(json.loads(body))},
            rounds=5 if quick else 15,
            seconds=0.02 if quick else 0.05,
        )
        micro = {contender: [sample * 1e6 for sample in samples] for contender, samples in seconds.items()}
        against = "json.loads + json.dumps of the same body"
        measured.append(row(name, micro["fno-link"], "µs", base=micro["json"], against=against, budget=budget))
    return measured


def routes() -> list[Route]:
    """Make 100 routes with two data filters each; some take each of the two messages."""
    made: list[Route] = []
    for number in range(100):
        event_types = ("SalesOrderConfirmedBusinessEvent",) if number % 2 else ("account.Update",)
        entity, amount = (
            ("data.LegalEntity", "data.OrderTotal") if number % 2 else ("data.target.name", "data.target.creditlimit")
        )
        filters = (
            {"operator": "StringIn", "key": entity, "values": ["usmf", "Contoso"] if number < 10 else [f"x{number}"]},
            {"operator": "NumberGreaterThan", "key": amount, "value": 100 if number < 6 else 10_000},
        )
        made.append(Route(name=f"route-{number}", target="orders", event_types=event_types, filters=filters))
    return made


def through_routes(table: RouteTable, message: Inbound) -> bytes:
    (event,) = decode(message).items
    assert isinstance(event, Event)
    matches = table.match(event)
    assert len(matches.routes) == 3
    return structured(event.stamp(LINK))


def verify_routes(table: RouteTable, message: Inbound) -> None:
    (event,) = decode(message).items
    assert isinstance(event, Event)
    first = 1 if event.shape == "business_event" else 0
    assert [taken.config.name for taken in table.match(event).routes] == [f"route-{first + n}" for n in (0, 2, 4)]
    sent = json.loads(through_routes(table, message))
    assert {name: sent[name] for name in LINK} == LINK


def through(message: Inbound) -> bytes:
    (event,) = decode(message).items
    assert isinstance(event, Event)
    return structured(event)


def verify(message: Inbound) -> None:
    sent = json.loads(through(message))
    received = json.loads(message.body)
    if "BusinessEventId" in received:
        assert sent["data"] == received
        assert sent["id"] == received["EventId"]
    else:
        assert sent["data"]["target"]["creditlimit"] == 100.25
        assert sent["id"] == received["OperationId"]


def inbound(body: bytes) -> Inbound:
    return Inbound(
        body=body,
        ingress="erp-events",
        organization="contoso",
        organization_url="https://contoso.crm.dynamics.com",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        content_type="application/json",
    )


def business_event() -> bytes:
    contract: dict[str, Any] = {
        "BusinessEventId": "SalesOrderConfirmedBusinessEvent",
        "BusinessEventLegalEntity": "USMF",
        "ContextRecordSubject": "",
        "ControlNumber": 5637611099,
        "EventId": "7E1F0B52-3C1B-4B58-8E0F-0C6B1A6C2D11",
        "EventTime": "/Date(1767268800000)/",
        "EventTimeIso8601": "2026-01-01T12:00:00.1234567Z",
        "InitiatingUserAADObjectId": "{0A1B2C3D-1111-2222-3333-444455556666}",
        "MajorVersion": 0,
        "MinorVersion": 0,
        "ParentContextRecordSubjects": [],
        "LegalEntity": "usmf",
        "SalesOrderId": "000765",
        "OrderTotal": 1250.5,
    }
    number = 0
    while len(json.dumps(contract)) < 1000:
        number += 1
        contract[f"CustomField{number:02d}"] = f"value {number:04d}"
    return json.dumps(contract).encode()


def context() -> bytes:
    def typed(kind: str, **fields: Any) -> dict[str, Any]:
        return {"__type": f"{kind}:{CONTRACTS}", **fields}

    attributes: list[dict[str, Any]] = [
        {"key": "name", "value": "Contoso"},
        {"key": "modifiedon", "value": "/Date(1767268800000)/"},
        {"key": "creditlimit", "value": typed("Money", Value=100.25)},
        {"key": "statecode", "value": typed("OptionSetValue", Value=0)},
        {"key": "fax", "value": None},
    ]
    image = {"Attributes": attributes[:3], "Id": ID.format(1), "LogicalName": "account"}
    body: dict[str, Any] = {
        "BusinessUnitId": ID.format(2),
        "CorrelationId": ID.format(3),
        "Depth": 1,
        "InitiatingUserId": ID.format(4),
        "InputParameters": [
            {"key": "Target", "value": typed("Entity", Attributes=attributes, Id=ID.format(1), LogicalName="account")}
        ],
        "IsExecutingOffline": False,
        "IsInTransaction": False,
        "MessageName": "Update",
        "Mode": 1,
        "OperationCreatedOn": "/Date(1767268800000+0000)/",
        "OperationId": ID.format(5),
        "OrganizationId": ID.format(6),
        "OrganizationName": "unq0123456789abcdef",
        "OutputParameters": [],
        "ParentContext": None,
        "PostEntityImages": [{"key": "AsynchronousStepPrimaryName", "value": image}],
        "PreEntityImages": [{"key": "before", "value": image}],
        "PrimaryEntityId": ID.format(1),
        "PrimaryEntityName": "account",
        "RequestId": None,
        "SecondaryEntityName": "none",
        "SharedVariables": [{"key": "IsAutoTransact", "value": True}],
        "Stage": 40,
        "UserId": ID.format(4),
    }
    number = 0
    while len(json.dumps(body)) < 4000:
        number += 1
        owner = typed("EntityReference", Id=ID.format(number), KeyAttributes=[], LogicalName="contact", Name=None)
        attributes.append({"key": f"new_contact{number}id", "value": owner})
        attributes.append({"key": f"new_text{number}", "value": f"text {number}"})
    return json.dumps(body).encode()
