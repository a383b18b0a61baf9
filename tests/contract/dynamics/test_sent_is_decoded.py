"""What the emulated Dataverse sends is to fno-link what the recorded messages are."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emulation.dynamics import FinanceOperationsLink, Organization
from integration.events.decode import decode
from integration.events.event import Event
from integration.events.inbound import Inbound
from integration.events.kept import kept_headers
from tests.contract.dynamics.test_sending import Sender
from tests.fixtures.web_api import Web

SAMPLES = Path(__file__).parents[3] / "emulation" / "samples"
ACCOUNT = "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f001"
ROW = "00004951-0000-0000-5e1a-005001000000"
GROUPS, GROUP = "mserp_custcustomergroupentities", "mserp_custcustomergroupentity"
ORGANIZATION_ID = "4ef5a7c0-11d2-4c5b-9d77-3b1f0c2a9e10"
CONFIRMED = "mserp_SalesOrderConfirmedBusinessEvent"
BEFORE = {
    f"{GROUP}id": ROW,
    "mserp_customergroupid": "Default",
    "mserp_description": "Default group",
    "mserp_issalestaxincludedinprice": 200000000,
    "mserp_dataareaid": "usmf",
    "mserp_cleareddate": "1900-01-01T00:00:00Z",
}


def decoded(body: bytes, headers: dict[str, str] | None = None) -> Event:
    found = decode(
        Inbound(
            body=body,
            ingress="crm",
            organization="contoso",
            organization_url="https://contoso.crm.dynamics.com",
            received_at=datetime(2026, 1, 1, tzinfo=UTC),
            headers=kept_headers(headers or {}),
        )
    )
    (event,) = found.items
    assert isinstance(event, Event), event
    return event


def sample(name: str) -> Event:
    return decoded((SAMPLES / f"{name}.json").read_bytes())


def parameters(event: Event) -> dict[str, object]:
    return json.loads(bytes(event.data))


@pytest.fixture
def sender(dynamics, receivers):
    """Return contoso, from which the samples come."""
    organization = Organization(
        "contoso",
        organization_id=ORGANIZATION_ID,
        link=FinanceOperationsLink("https://contoso.operations.dynamics.com"),
        custom_messages=(CONFIRMED,),
        rows={GROUPS: [], "accounts": []},
    )
    dynamics.control.add_organization(organization)
    with dynamics.client(organization.base_url()) as client:
        yield Sender(Web(dynamics, "contoso", client), receivers)


def sent(sender: Sender) -> Event:
    (request,) = sender.received()
    return decoded(request.body.encode(), dict(request.headers))


def alike(one: Event, other: Event) -> None:
    """Compare everything but ids and times of their own."""
    assert (one.type, one.source, one.shape, one.subject) == (other.type, other.source, other.shape, other.subject)
    assert one.organization == other.organization
    assert one.extensions.keys() >= other.extensions.keys()
    assert one.extensions.get("legalentity") == other.extensions.get("legalentity")
    assert one.origin.organization_id == other.origin.organization_id


def test_an_update_of_an_account(sender):
    recorded = sample("plugin-update")
    sender.account(accountid=ACCOUNT, creditlimit=50.0)
    step = sender.register()
    image = sender.web.image(step, attributes="creditlimit,statecode")
    sender.web.create("sdkmessageprocessingstepimages", image)
    change = {"name": "Contoso", "creditlimit": 100.25, "fax": None, "donotemail": True, "numberofemployees": 12}
    sender.web.patch(f"accounts({ACCOUNT})", change | {"statecode": 0})
    event = sent(sender)
    alike(event, recorded)
    ours, theirs = parameters(event), parameters(recorded)
    assert ours.keys() >= theirs.keys()
    for name in ("name", "creditlimit", "fax", "donotemail", "numberofemployees", "statecode", "accountid"):
        assert ours["target"][name] == theirs["target"][name], name
    assert ours["preImages"]["before"] == theirs["preImages"]["before"] | {"accountid": ACCOUNT}
    assert ours["postImages"].keys() == theirs["postImages"].keys()
    assert event.id == json.loads(event.raw)["OperationId"]


def test_a_deletion_of_an_account(sender):
    sender.account(accountid=ACCOUNT)
    sender.register("Delete")
    sender.web.delete(f"accounts({ACCOUNT})")
    event, recorded = sent(sender), sample("plugin-delete")
    alike(event, recorded)
    assert parameters(event).keys() == parameters(recorded).keys()


def test_a_synchronous_update(sender):
    sender.account(accountid=ACCOUNT)
    sender.register(mode=0, stage=20)
    sender.web.patch(f"accounts({ACCOUNT})", {"name": "Contoso"})
    event, recorded = sent(sender), sample("plugin-sync-update")
    alike(event, recorded)
    assert parameters(event)["target"] == parameters(recorded)["target"] | {"accountid": ACCOUNT}


def test_an_update_that_was_too_large(sender):
    row = {"accountid": ACCOUNT, "name": "x", "description": "y" * 300_000}
    sender.control.add_rows("contoso", "accounts", [row])
    step = sender.register()
    sender.web.create("sdkmessageprocessingstepimages", sender.web.image(step, attributes="description"))
    sender.web.patch(f"accounts({ACCOUNT})", {"name": "Contoso"})
    event, recorded = sent(sender), sample("plugin-update-stripped")
    alike(event, recorded)
    assert parameters(event).keys() == parameters(recorded).keys()
    assert (event.extensions["contextstripped"], recorded.extensions["contextstripped"]) == (True, True)


def test_a_data_event_of_a_new_row(sender):
    sender.register("OnExternalCreated", GROUP)
    sender.web.create(GROUPS, BEFORE)
    event, recorded = sent(sender), sample("data-event-created")
    alike(event, recorded)
    assert parameters(event)["target"] == parameters(recorded)["target"]


def test_a_data_event_of_a_changed_row(sender):
    sender.control.add_rows("contoso", GROUPS, [BEFORE])
    sender.register("OnExternalUpdated", GROUP)
    sender.web.patch(f"{GROUPS}({ROW})", {"mserp_description": "Retail", "mserp_customergroupid": "Default"})
    event, recorded = sent(sender), sample("data-event-updated")
    alike(event, recorded)
    for name in ("target", "preimage"):
        assert parameters(event)[name] == parameters(recorded)[name]


def test_a_data_event_of_a_deleted_row(sender):
    sender.control.add_rows("contoso", GROUPS, [BEFORE])
    sender.register("OnExternalDeleted", GROUP)
    sender.web.delete(f"{GROUPS}({ROW})")
    alike(sent(sender), sample("data-event-deleted"))


def test_a_business_event_of_a_linked_environment(sender):
    endpoint = sender.web.create(
        "serviceendpoints",
        {
            "name": "events",
            "url": "https://fno-link.azurewebsites.net/hook",
            "contract": 8,
            "authtype": 4,
            "authvalue": "k",
        },
    )
    sender.web.create(
        "sdkmessageprocessingsteps",
        {
            "name": "confirmed",
            "stage": 40,
            "mode": 1,
            "eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({endpoint})",
            "sdkmessageid@odata.bind": f"/sdkmessages({sender.web.message(CONFIRMED)})",
        },
    )
    recorded = json.loads((SAMPLES / "proxied-business-event.json").read_bytes())
    contract = {pair["key"]: pair["value"] for pair in recorded["InputParameters"]}
    sender.control.raise_event("contoso", CONFIRMED, contract)
    event, other = sent(sender), sample("proxied-business-event")
    alike(event, other)
    assert (event.id, parameters(event)) == (other.id, parameters(other))
