"""What differs between declared and seen business events, and the requests that would make it so."""

import msgspec
import pytest

from integration.config.keys.business_events import BusinessEvents
from integration.config.keys.model import (
    Configuration,
    EventGridSource,
    EventHubSource,
    HttpSource,
    Organization,
    ServiceBusSource,
)
from integration.config.keys.senders import Registration
from integration.registration.business_events.comparing import compare
from integration.registration.business_events.entities import (
    ACTIVE_SET,
    ENDPOINT_COLUMNS,
    ENDPOINTS_SET,
    SECRET_COLUMN,
    vault_host,
)
from integration.registration.business_events.seeing import Seen, Unseen
from integration.registration.business_events.wanted import wanted_endpoints

MARK = "[fno-link v=1 owner=fno-link]"
TYPES = ("AzureServiceBusQueue", "AzureServiceBusTopic", "AzureEventGrid", "AzureEventHub", "HTTPS")
EVENTS = BusinessEvents(
    events=("Confirmed",),
    legal_entities=("USMF",),
    key_vault="contoso.vault.azure.net",
    secret_name="erp",
    application="0a1b2c3d-0000-4000-8000-000000000077",
    application_secret="secret",
)
BUS = ServiceBusSource(name="erp", organization="contoso", queue="orders", finance_operations=EVENTS)
ENDPOINT = {
    "Name": "fno-link-erp",
    "Type": "AzureServiceBusQueue",
    "Description": MARK,
    "ServiceBusQueueName": "Orders",
    "KeyVaultDnsName": "https://Contoso.vault.azure.net",
    "KeyVaultSecretName": "erp",
    "AzureAppId": "0A1B2C3D-0000-4000-8000-000000000077",
}


def active(event="Confirmed", where="usmf", to="fno-link-erp", **more):
    return {"BusinessEventsTable": event, "LegalEntity": where, "BusinessEventsEndpoint_Name": to, **more}


def wanted(*sources, vaults=()):
    organization = Organization(
        name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com", key_vaults=vaults
    )
    configuration = Configuration(
        organizations={"contoso": organization},
        sources={each.name: each for each in sources},
        targets={},
        routes=(),
        registration=Registration(),
    )
    return wanted_endpoints(configuration, "contoso")


def changes(source=BUS, endpoints=(ENDPOINT,), rows=(), *, experimental=False, vaults=(), **more):
    writable = {ENDPOINTS_SET: True, ACTIVE_SET: True}
    seen = Seen(endpoints=tuple(endpoints), active=tuple(rows), writable=writable, types=TYPES, **more)
    return compare(wanted(source, vaults=vaults), seen, "fno-link", experimental=experimental)


def actions(*arguments, **named):
    return [(each.action, each.kind) for each in changes(*arguments, **named)]


def test_what_is_there_in_another_spelling_is_as_declared():
    assert actions(rows=[active("CONFIRMED", "USMF", "FNO-LINK-ERP")]) == [
        ("leave", "fno_endpoint"),
        ("leave", "fno_event"),
    ]


@pytest.mark.parametrize(
    ("source", "row"),
    [
        (HttpSource(name="erp", organization="contoso", finance_operations=EVENTS), {"Type": "HTTPS"}),
        (
            ServiceBusSource(name="erp", organization="contoso", topic="t", finance_operations=EVENTS),
            {"Type": "Azure Service Bus Topic", "ServiceBusTopicName": "t"},
        ),
        (
            EventHubSource(name="erp", organization="contoso", event_hub="h", finance_operations=EVENTS),
            {"Type": "AzureEventHub", "EventHubName": "h"},
        ),
        (
            EventGridSource(
                name="erp",
                organization="contoso",
                finance_operations=msgspec.structs.replace(EVENTS, url="https://t.example.com/api/events"),
            ),
            {"Type": "AzureEventGrid", "EventGridEndpointURL": "https://t.example.com/api/events/"},
        ),
    ],
)
def test_the_kind_of_a_source_says_what_its_endpoint_is(source, row):
    endpoint = {**ENDPOINT, "ServiceBusQueueName": "", **row}
    assert changes(source, [endpoint])[0].action == "leave"
    other = changes(source, [ENDPOINT])[0]
    assert (other.action, other.differences[0].column, "delete" in other.todo) == ("by_hand", "Type", True)
    made = changes(source, [], experimental=True)[0]
    assert (made.action, made.write.method, made.write.row["Type"] in TYPES) == ("experimental", "POST", True)
    assert {each: made.write.row[each] for each in row if each.endswith("Name")} == {
        each: value for each, value in row.items() if each.endswith("Name")
    }


def test_a_new_endpoint_has_our_mark_its_secret_is_in_no_repr_and_what_lacks_is_named():
    endpoint, event = changes(endpoints=(), experimental=True)
    assert (endpoint.write.row["Description"], endpoint.write.row["DecryptedAzureAppSecret"]) == (MARK, "secret")
    assert event.write.row == active(where="usmf", Disabled="No")
    assert "secret'" not in repr(endpoint)
    assert "secret'" not in repr(wanted(BUS))
    assert SECRET_COLUMN not in ENDPOINT_COLUMNS
    bare = msgspec.structs.replace(BUS, finance_operations=BusinessEvents(events=("Confirmed",)))
    endpoint, event = changes(bare, (), experimental=True)
    assert "key_vault, secret_name, application, application_secret of sources.erp" in endpoint.why
    assert (endpoint.action, event.action, "no mark of ours" in event.why) == ("by_hand", "by_hand", True)


def test_an_endpoint_that_sends_elsewhere_gets_no_event_from_us_until_it_is_as_declared():
    elsewhere = ENDPOINT | {"Type": "AzureEventGrid"}
    endpoint, on, off = changes(endpoints=[elsewhere], rows=[active("Gone")], experimental=True)
    assert (endpoint.action, on.action, off.action) == ("by_hand", "by_hand", "experimental")
    assert "its endpoint is not as declared" in on.why
    moved = ENDPOINT | {"ServiceBusQueueName": "another"}
    endpoint, on = changes(endpoints=[moved], experimental=True)
    assert (endpoint.write.method, endpoint.write.row) == ("PATCH", {"ServiceBusQueueName": "orders"})
    assert on.action == "experimental"


def test_the_vault_is_one_of_the_organizations_where_none_is_declared():
    open_ = msgspec.structs.replace(BUS, finance_operations=msgspec.structs.replace(EVENTS, key_vault=""))
    assert actions(open_)[0][0] == "leave"
    assert actions(open_, vaults=("contoso.vault.azure.net", "other.vault.azure.net"))[0][0] == "leave"
    strange = changes(open_, vaults=("a.vault.azure.net", "b.vault.azure.net"), experimental=True)[0]
    assert (strange.action, "more than one key vault" in strange.why) == ("by_hand", True)
    assert str(strange.differences[0]).endswith("a.vault.azure.net or b.vault.azure.net")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], [("by_hand", "it is not active")]),
        ([active(Disabled="Yes")], [("by_hand", "it was switched off")]),
        ([active(), active(where="")], [("leave", ""), ("by_hand", "beside what is declared")]),
        ([active(where="")], [("by_hand", "all legal entities alone"), ("by_hand", "beside what is declared")]),
        ([active(), active(where="", Disabled="Yes")], [("leave", "")]),
        ([active(), active("Gone")], [("leave", ""), ("by_hand", "not declared any more")]),
        ([active(), active("Gone", to="other")], [("leave", "")]),
    ],
)
def test_where_an_event_is_active(rows, expected):
    found = changes(rows=rows)[1:]
    assert [each.action for each in found] == [action for action, _ in expected]
    assert all(words in each.why for each, (_, words) in zip(found, expected, strict=True))


def test_no_legal_entity_is_one_activation_in_all_of_them():
    everywhere = msgspec.structs.replace(BUS, finance_operations=msgspec.structs.replace(EVENTS, legal_entities=()))
    assert actions(everywhere, rows=[active(where="")])[1][0] == "leave"
    todo = changes(everywhere, rows=[active()])[1].todo
    assert "Legal entity left blank, for all" in todo


def test_keys_are_quoted_as_odata_wants_them():
    row = active("A'B é/x", "usmf", Disabled="No")
    [_, _, off] = changes(rows=[row], experimental=True)
    assert off.write.path.endswith(
        "(BusinessEventsTable='A%27%27B%20%C3%A9%2Fx',LegalEntity='usmf',BusinessEventsEndpoint_Name='fno-link-erp')"
    )


def test_what_was_not_seen_is_unknown():
    [one] = compare(wanted(BUS), Unseen("away"), "fno-link")
    assert (one.action, one.why) == ("unknown", "away")
    endpoint, events = compare(
        wanted(BUS), Seen(endpoints=(ENDPOINT,), active=None, unread=Unseen("hidden")), "fno-link"
    )
    assert (endpoint.action, events.action, events.why) == ("leave", "unknown", "hidden")


def test_a_vault_is_known_by_its_host():
    for said in ("https://Contoso.vault.azure.net/", "contoso.vault.azure.net.", " contoso.vault.azure.net/x"):
        assert vault_host(said) == "contoso.vault.azure.net"
