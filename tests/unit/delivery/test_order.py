"""What a dead letter or parked delivery is about: two that share it are never under way at once."""

from datetime import UTC, datetime

import msgspec

from integration.config.keys.model import Configuration, Organization, Route, ServiceBusTarget, StorageQueueTarget
from integration.dead_letters import Record
from integration.delivery.resuming.order import Order
from integration.events.event import Event

AT = datetime(2026, 1, 2, tzinfo=UTC)
ORDER = Order(
    Configuration(
        organizations={"contoso": Organization(name="contoso", url="https://c.crm.dynamics.com", tenant="c.com")},
        sources={},
        routes=(Route(name="orders", target="bus"), Route(name="others", target="queue")),
        targets={
            "bus": ServiceBusTarget(name="bus", queue="q", session="{data.SalesOrderId}"),
            "queue": StorageQueueTarget(name="queue", queue="q"),
        },
    )
)


def record(id_="1", route="orders", *, organization="contoso", subject=None, data=b'{"SalesOrderId": "SO-1"}', **more):
    event = Event(id=id_, source="s", type="T", organization=organization, subject=subject, data=msgspec.Raw(data))
    fields = {"reason": "TargetRejected", "message": "m", "accepted_at": AT, "recorded_at": AT, "event": event}
    return Record(**{**fields, "organization": organization, "route": route, **more})


def together(one, other):
    return bool(ORDER.of(one) & ORDER.of(other))


def test_deliveries_of_one_event_share_it():
    assert together(record(), record(route="others"))
    assert not together(record(route="others"), record("2", route="others"))
    assert not together(record(route="others"), record(route="others", organization="fabrikam"))


def test_events_of_one_subject_share_it_within_their_organization():
    one = record("1", "others", subject="account(1)")
    assert together(one, record("2", "others", subject="account(1)"))
    assert together(one, record("2", subject="account(1)"))
    assert not together(one, record("2", "others", subject="account(2)"))
    assert not together(one, record("2", "others", subject="account(1)", organization="fabrikam"))
    assert not together(record("1", "others", subject=""), record("2", "others", subject=""))


def test_what_its_target_puts_into_one_session_shares_it():
    assert together(record("1"), record("2"))
    assert not together(record("1"), record("2", data=b'{"SalesOrderId": "SO-2"}'))
    assert not together(record("1"), record("2", "others"))
    assert not together(record("1", data=b"{}"), record("2", data=b"{}"))  # its delivery says what is missing


def test_a_route_that_is_gone_went_to_the_target_that_it_names():
    assert together(record("1", "old", target="bus"), record("2"))
    assert not together(record("1", "old", target="gone"), record("2"))


def test_a_message_without_an_event_is_about_itself():
    one = record(event=None, body=b"x", route="")
    assert together(one, record(event=None, body=b"x", route=""))
    assert not together(one, record(event=None, body=b"y", route=""))
