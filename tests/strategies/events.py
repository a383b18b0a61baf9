"""Strategies: events, and messages of every shape that sources receive."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from msgspec import Raw

from integration.events.event import Event, Origin
from integration.events.inbound import Inbound

XRM = "http://schemas.microsoft.com/xrm/2011/Contracts"
ZERO = "00000000-0000-0000-0000-000000000000"

legal = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40).filter(
    lambda text: bool(text.strip())
)
words = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
guids = st.uuids().map(lambda value: str(value).upper())
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(-1e9, 1e9), texts)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12
)
dates = st.integers(-2208988800000, 4102444800000).map(lambda ms: f"/Date({ms})/")
times = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware by it


def dumps(value: Any) -> bytes:
    return json.dumps(value).encode()


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Draw events with every field, as decoding may make them."""
    data, content_type = draw(
        st.one_of(
            st.just((b"", "application/json")),
            documents.map(lambda value: (dumps(value), "application/json")),
            documents.map(lambda value: (dumps(value), "application/vnd.contoso+json; charset=utf-8")),
            st.binary(min_size=1, max_size=30).map(lambda value: (value, "application/octet-stream")),
        ).filter(lambda pair: pair[0] != b"null")
    )
    reserved = {"id", "source", "type", "specversion", "subject", "time", "data", "organization"}
    names = words.filter(lambda name: name not in reserved)
    return Event(
        id=draw(legal),
        source=draw(legal),
        type=draw(legal),
        organization=draw(words),
        data=Raw(data),
        shape=draw(
            st.sampled_from(["business_event", "data_event", "dataverse", "event_grid", "cloud_event", "alert"])
        ),
        subject=draw(st.none() | legal),
        time=draw(st.none() | times),
        datacontenttype=content_type,
        dataschema=draw(st.none() | legal),
        extensions=draw(st.dictionaries(names, legal | st.integers(-(2**31), 2**31 - 1) | st.booleans(), max_size=4)),
        raw=draw(st.none() | st.binary(max_size=40) | texts.map(str.encode)),
        foreign=draw(st.booleans()),
        ingress=draw(words),
        origin=draw(st.builds(Origin, organization_id=guids, user_agent=texts, depth=st.integers(0, 8))),
    )


def _pairs(values: st.SearchStrategy[Any], keys: st.SearchStrategy[str] = words) -> st.SearchStrategy[list[Any]]:
    return st.dictionaries(keys, values, max_size=5).map(
        lambda found: [{"key": key, "value": value} for key, value in found.items()]
    )


def _typed(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"__type": st.just(f"{kind}:{XRM}"), **fields})


references = _typed("EntityReference", Id=guids, LogicalName=words, Name=st.none() | texts, KeyAttributes=st.just([]))
values = st.one_of(
    scalars,
    dates,
    references,
    _typed("OptionSetValue", Value=st.integers(0, 10**9) | st.none()),
    _typed("Money", Value=st.floats(0, 1e9)),
    _typed("AliasedValue", EntityLogicalName=words, AttributeLogicalName=words, Value=scalars),
)
entities = st.recursive(
    _typed("Entity", Id=guids, LogicalName=words, Attributes=_pairs(values)),
    lambda inner: _typed(
        "Entity",
        Id=guids,
        LogicalName=words,
        Attributes=_pairs(
            values | inner | _typed("EntityCollection", EntityName=words, Entities=st.lists(inner, max_size=2))
        ),
    ),
    max_leaves=3,
)

business_events = st.fixed_dictionaries(
    {"BusinessEventId": words.map(lambda word: f"{word}BusinessEvent"), "EventId": guids},
    optional={
        "BusinessEventLegalEntity": texts,
        "ContextRecordSubject": texts | st.none(),
        "ControlNumber": st.integers(0, 2**63 - 1),
        "EventTime": dates,
        "EventTimeIso8601": times.map(lambda time: time.strftime("%Y-%m-%dT%H:%M:%S.1234567Z")),
        "InitiatingUserAADObjectId": guids.map(lambda guid: "{" + guid + "}"),
        "MajorVersion": st.just(0),
        "ParentContextRecordSubjects": st.none() | st.lists(texts, max_size=2),
        "Work order GUID": documents,
    },
)
contexts = st.fixed_dictionaries(
    {
        "MessageName": st.sampled_from(["Create", "Update", "Delete", "OnExternalUpdated", "contoso_Recalculate"]),
        "InputParameters": st.one_of(
            (entities | references).map(lambda target: [{"key": "Target", "value": target}]),
            _pairs(values, words.map(str.title)),
        ),
        "PrimaryEntityName": words | st.sampled_from(["none", "mserp_custgroup"]),
        "OrganizationId": guids,
    },
    optional={
        "PrimaryEntityId": guids | st.just(ZERO),
        "Mode": st.sampled_from([0, 1]),
        "OperationId": guids | st.just(ZERO),
        "Stage": st.sampled_from([10, 20, 30, 40]),
        "Depth": st.integers(1, 8),
        "OperationCreatedOn": dates,
        "CorrelationId": guids,
        "PostEntityImages": _pairs(entities),
        "SharedVariables": _pairs(values),
        "ParentContext": st.none(),
    },
)


def _envelope(payload: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(
        [
            [{"id": "1", "eventType": "E", "topic": "/t", "data": payload}],
            [{"id": "1", "eventType": "E", "topic": "/t", "data": json.dumps(payload)}],
            {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": payload},
            json.dumps(payload),
            [payload],
            json.dumps([json.dumps(payload)]),
        ]
    )


payloads = business_events | contexts
wrapped = payloads.flatmap(_envelope)
# Text that looks like our shapes and is not: pieces put together at random.
fragments = st.lists(
    st.sampled_from(
        [
            *(b'{ } [ ] " : , \\ null true 0 1e999 NaN -1 "\\ud800" \xff \x00 @ <'.split()),
            b'"BusinessEventId":',
            b'"MessageName":"Update"',
            b'"InputParameters":',
            b'"specversion":"1.0"',
            b'"eventType":"E"',
            b'"data":',
            b'"id":"1","source":"/s","type":"t"',
            b'"key":"Target","value":',
            b'"__type":"Entity:x"',
            b"@\x06string\x083http://schemas.microsoft.com/2003/10/Serialization/\x9b",
            b"\xff\xfe",
            b"\xef\xbb\xbf",
        ]
    ),
    max_size=30,
).map(b"".join)
bodies = st.one_of(st.binary(max_size=200), fragments, documents.map(dumps), payloads.map(dumps), wrapped.map(dumps))
headers = st.dictionaries(
    st.sampled_from(
        [
            "ce-id",
            "ce-source",
            "ce-type",
            "ce-specversion",
            "ce-traceparent",
            "x-ms-dynamics-msg-size-exceeded",
            "ce-a_b",
        ]
    ),
    st.sampled_from(["1.0", "a%0d%0ab", "%ff", '"', "", "é"]),
)
properties = st.dictionaries(
    st.sampled_from(["cloudEvents:id", "cloudEvents_specversion", "MessageMaxSizeExceeded", "Diagnostic-Id"]) | texts,
    scalars,
    max_size=4,
)


def message(body: bytes, **more: Any) -> Inbound:
    return Inbound(
        body=body,
        ingress="erp",
        organization="contoso",
        organization_url="https://contoso.crm.dynamics.com",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        **more,
    )
