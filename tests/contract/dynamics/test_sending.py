"""Registered steps: what changes of rows make Dataverse send, to whom, how often, and what becomes of failures."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from emulation.dynamics import Pace
from emulation.receivers import Receivers
from tests.fixtures.web_api import API, WEBHOOK, Web, refusal

HOST = "fno-link.azurewebsites.net"
CUSTOMER_GROUPS = "mserp_custcustomergroupentities"
ID = "6d81c9a3-2f35-4b5e-9d1c-0a4be2c7f001"
LIMIT = 120


def until[T](look: Callable[[], T]) -> T:
    end = time.monotonic() + LIMIT
    while not (found := look()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
    return found


class Sender:
    """An organization whose webhook leads to a receiver."""

    def __init__(self, web: Web, receivers: Receivers) -> None:
        self.web, self.receivers, self.control = web, receivers, web.dynamics.control
        root = receivers.url("hook").removesuffix("/hook")
        self.control.set_site(HOST, root)
        self.control.set_pace(web.name, Pace(webhook_timeout=60, webhook_pause=0, bus_pauses=(0, 0)))

    def register(self, message: str = "Update", table: str = "account", **changes: object) -> str:
        endpoint = self.web.create("serviceendpoints", WEBHOOK | {"url": f"https://{HOST}/hook"})
        return self.web.create("sdkmessageprocessingsteps", self.web.step(endpoint, message, table, **changes))

    def account(self, **row: object) -> str:
        return self.web.create("accounts", {"name": "Contoso", "accountid": ID} | row)

    def received(self, count: int = 1):
        return until(lambda: len(found := self.receivers.received("hook")) >= count and found)

    def context(self) -> dict:
        return json.loads(self.received()[0].body)

    def jobs(self, **wanted: object) -> list[dict]:
        rows = self.web.get("asyncoperations", orderby="createdon desc")["value"]
        return [row for row in rows if all(row[name] == value for name, value in wanted.items())]

    def job(self, status: int) -> dict:
        return until(lambda: self.jobs(statuscode=status))[0]


@pytest.fixture
def sender(web, receivers):
    return Sender(web, receivers)


def target(context: dict) -> dict:
    entity = next(pair["value"] for pair in context["InputParameters"] if pair["key"] == "Target")
    return {pair["key"]: pair["value"] for pair in entity.get("Attributes", [])} | {"__type": entity["__type"]}


def image(context: dict, which: str, alias: str) -> dict:
    found = next(pair["value"] for pair in context[which] if pair["key"] == alias)
    return {pair["key"]: pair["value"] for pair in found["Attributes"]}


def test_an_update_arrives_as_dataverse_posts_it(sender):
    sender.account(creditlimit=50.0)
    step = sender.register(filteringattributes="creditlimit")
    sender.web.create(
        "sdkmessageprocessingstepimages",
        sender.web.image(step, imagetype=2, attributes="name,creditlimit"),
    )
    assert sender.web.patch(f"accounts({ID})", {"creditlimit": 100.25, "fax": None}).status_code == 204
    (request,) = sender.received()
    assert request.path == "/hook?code=the+key"
    assert request.header("content-type") == "application/json; charset=utf-8"
    assert request.header("host") == HOST
    assert request.header("x-ms-dynamics-organization") == f"{sender.web.name}.crm.dynamics.com"
    assert request.header("x-ms-dynamics-entity-name") == "account"
    assert request.header("x-ms-dynamics-request-name") == "Update"
    assert request.header("x-ms-dynamics-msg-size-exceeded") is None
    assert r"http:\/\/schemas.microsoft.com\/xrm\/2011\/Contracts" in request.body
    context = json.loads(request.body)
    assert request.header("x-ms-correlation-request-id") == context["CorrelationId"]
    assert (context["MessageName"], context["Stage"], context["Mode"], context["Depth"]) == ("Update", 40, 1, 1)
    assert (context["PrimaryEntityName"], context["PrimaryEntityId"]) == ("account", ID)
    assert context["ParentContext"]["Stage"] == 30
    given = target(context)
    assert given["creditlimit"] == {
        "__type": "Money:http://schemas.microsoft.com/xrm/2011/Contracts",
        "Value": 100.25,
    }
    assert given["fax"] is None
    assert "name" not in given, "an update carries only what was given"
    assert given["modifiedby"]["LogicalName"] == "systemuser"
    assert image(context, "PreEntityImages", "before")["creditlimit"]["Value"] == 50.0
    assert image(context, "PostEntityImages", "before")["creditlimit"]["Value"] == 100.25
    assert image(context, "PostEntityImages", "AsynchronousStepPrimaryName")["name"] == "Contoso"
    who = sender.web.get("WhoAmI")
    assert (context["OrganizationId"], context["InitiatingUserId"]) == (who["OrganizationId"], who["UserId"])
    assert context["OwningExtension"]["Id"] == step
    job = sender.job(30)
    assert (job["asyncoperationid"], job["statecode"]) == (context["OperationId"], 3)
    assert job["_owningextensionid_value"] == step


def test_create_and_delete_arrive_too(sender):
    sender.register("Create")
    sender.register("Delete")
    sender.account()
    assert sender.web.delete(f"accounts({ID})").status_code == 204
    contexts = {(found := json.loads(each.body))["MessageName"]: found for each in sender.received(2)}
    created, deleted = contexts["Create"], contexts["Delete"]
    assert target(created)["statecode"]["Value"] == 0, "what the platform adds is there"
    assert created["OutputParameters"] == [{"key": "id", "value": ID}]
    assert target(deleted)["__type"].startswith("EntityReference:")
    assert deleted["PrimaryEntityId"] == ID


def test_only_the_columns_that_are_filtered_for_make_it_send(sender):
    sender.account()
    sender.register(filteringattributes="creditlimit,name")
    sender.web.patch(f"accounts({ID})", {"fax": "1"})
    sender.web.patch(f"accounts({ID})", {"name": "Contoso"})
    assert target(sender.context())["name"] == "Contoso", "given counts, changed or not"
    assert len(sender.jobs()) == 1


def test_a_step_that_is_switched_off_or_of_another_table_sends_nothing(sender):
    sender.account()
    off = sender.register()
    sender.register(table="contact")
    sender.web.patch(f"sdkmessageprocessingsteps({off})", {"statecode": 1})
    sender.web.patch(f"accounts({ID})", {"name": "x"})
    assert sender.jobs() == []
    sender.web.patch(f"sdkmessageprocessingsteps({off})", {"statecode": 0})
    sender.web.patch(f"accounts({ID})", {"name": "y"})
    assert target(sender.context())["name"] == "y"
    assert len(sender.jobs()) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_three_statuses_are_tried_once_more(sender, status):
    sender.account()
    sender.register()
    sender.receivers.fail("hook", status, times=1)
    sender.web.patch(f"accounts({ID})", {"name": "x"})
    first, second = sender.received(2)
    assert (first.status, second.status) == (status, 200)
    assert first.body == second.body, "one job, one operation id"
    assert sender.job(30)["errorcode"] is None


@pytest.mark.parametrize(("status", "attempts"), [(503, 2), (500, 1), (429, 1), (401, 1), (400, 1), (404, 1), (302, 1)])
def test_a_receiver_that_keeps_refusing_fails_the_job(sender, status, attempts):
    sender.account()
    step = sender.register()
    sender.receivers.fail("hook", status)
    sender.web.patch(f"accounts({ID})", {"name": "x"})
    job = sender.job(31)
    assert len(sender.receivers.received("hook")) == attempts
    assert (job["errorcode"] & 0xFFFFFFFF, job["_owningextensionid_value"]) == (0x80050201, step)
    assert "received non-success httpStatus code" in job["message"]
    assert job["completedon"]


def test_a_receiver_that_takes_too_long_fails_the_job_at_once(sender):
    sender.account()
    sender.register()
    sender.control.set_pace(sender.web.name, Pace(webhook_timeout=0.2, webhook_pause=0))
    sender.receivers.hang("hook")
    sender.web.patch(f"accounts({ID})", {"name": "x"})
    assert sender.job(31)["errorcode"] & 0xFFFFFFFF == 0x80050202
    assert len(sender.receivers.received("hook")) == 1


def test_a_host_that_is_not_of_this_world_is_not_reached(sender):
    sender.account()
    sender.register()
    sender.control.set_site(HOST, "")
    sender.web.patch(f"accounts({ID})", {"name": "x"})
    job = sender.job(31)
    assert job["errorcode"] & 0xFFFFFFFF == 0x80050205
    assert HOST in job["message"]


def test_a_synchronous_step_fails_the_operation(sender):
    sender.account()
    sender.register(mode=0, stage=20)
    sender.receivers.fail("hook", 500)
    answer = sender.web.patch(f"accounts({ID})", {"name": "refused"})
    assert refusal(answer) == (400, "0x80050201")
    assert sender.web.get(f"accounts({ID})")["name"] == "Contoso"
    assert sender.jobs() == []
    sender.receivers.heal("hook")
    assert sender.web.patch(f"accounts({ID})", {"name": "taken"}).status_code == 204
    context = json.loads(sender.received(2)[1].body)
    assert (context["Mode"], context["Stage"], context["IsInTransaction"]) == (0, 20, True)
    assert context["OperationId"] == "00000000-0000-0000-0000-000000000000"
    assert context["ParentContext"] is None
    assert "modifiedon" not in target(context), "before the operation nothing is added yet"


def test_a_synchronous_step_after_the_operation_rolls_it_back(sender):
    sender.register("Create", mode=0)
    sender.receivers.fail("hook", 503)
    answer = sender.web.post("accounts", {"name": "Contoso", "accountid": ID})
    assert refusal(answer) == (400, "0x80050201")
    assert sender.web.client.get(f"{API}/accounts({ID})").status_code == 404
    assert len(sender.receivers.received("hook")) == 1


def test_what_another_writes_while_a_synchronous_step_is_asked_stays(sender):
    sender.account()
    sender.register(mode=0, stage=20, filteringattributes="name")
    sender.receivers.delay("hook", 1.0)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(sender.web.patch, f"accounts({ID})", {"name": "slow"})
        until(lambda: sender.receivers.received("hook"))
        sender.web.patch(f"accounts({ID})", {"fax": "meanwhile"})
        assert slow.result().status_code == 204
    row = sender.web.get(f"accounts({ID})")
    assert (row["name"], row["fax"]) == ("slow", "meanwhile")


def test_a_message_that_is_too_large_loses_its_parameters(sender):
    sender.account(description="x" * 1000)
    step = sender.register()
    sender.web.create("sdkmessageprocessingstepimages", sender.web.image(step, attributes="name,description"))
    sender.control.add_rows(
        sender.web.name, "accounts", [{"accountid": ID[:-1] + "2", "name": "Large", "description": "y" * 300_000}]
    )
    sender.web.patch(f"accounts({ID})", {"name": "small"})
    sender.received()
    sender.web.patch(f"accounts({ID[:-1]}2)", {"name": "large"})
    small, large = sender.received(2)
    assert small.header("x-ms-dynamics-msg-size-exceeded") is None
    assert large.header("x-ms-dynamics-msg-size-exceeded") is not None
    context = json.loads(large.body)
    assert not {"InputParameters", "ParentContext", "PreEntityImages", "PostEntityImages"} & context.keys()
    assert (context["PrimaryEntityId"], context["MessageName"]) == (f"{ID[:-1]}2", "Update")


@pytest.mark.parametrize(
    ("authtype", "authvalue", "shown"),
    [
        (4, "a&b", "/hook?a=1&code=a%26b"),
        (6, '<settings><setting name="k" value="v w"/></settings>', "/hook?a=1&k=v+w"),
        (5, '<settings><setting name="X-Functions-Key" value="secret"/></settings>', "/hook?a=1"),
    ],
)
def test_each_way_to_prove_who_sends(sender, authtype, authvalue, shown):
    sender.account()
    step = sender.register()
    endpoint = sender.web.get(f"sdkmessageprocessingsteps({step})")["_eventhandler_value"]
    changes = {"authtype": authtype, "authvalue": authvalue, "url": f"https://{HOST}/hook?a=1"}
    assert sender.web.patch(f"serviceendpoints({endpoint})", changes).status_code == 204
    sender.web.patch(f"accounts({ID})", {"name": "x"})
    (request,) = sender.received()
    assert request.path == shown
    assert request.header("x-functions-key") == ("secret" if authtype == 5 else None)


@pytest.mark.parametrize(("authtype", "code"), [(5, 0x80050203), (6, 0x80050204)])
def test_settings_that_cannot_be_read_fail_the_job(sender, authtype, code):
    sender.account()
    step = sender.register()
    endpoint = sender.web.get(f"sdkmessageprocessingsteps({step})")["_eventhandler_value"]
    sender.web.patch(f"serviceendpoints({endpoint})", {"authtype": authtype, "authvalue": "x-key: value"})
    sender.web.patch(f"accounts({ID})", {"name": "x"})
    assert sender.job(31)["errorcode"] & 0xFFFFFFFF == code
    assert sender.receivers.received("hook") == []


def test_a_job_that_nobody_wants_to_keep_is_gone_when_it_succeeded(sender):
    sender.account()
    sender.register(asyncautodelete=True)
    sender.web.patch(f"accounts({ID})", {"name": "x"})
    sender.received()
    until(lambda: not sender.jobs())
    sender.receivers.fail("hook", 500)
    sender.web.patch(f"accounts({ID})", {"name": "y"})
    assert sender.job(31)


def test_a_row_of_finance_and_operations_raises_a_data_event(sender):
    group = {
        "mserp_custcustomergroupentityid": "00004951-0000-0000-5e1a-005001000000",
        "mserp_customergroupid": "Default",
        "mserp_description": "Default group",
        "mserp_issalestaxincludedinprice": 200000000,
        "mserp_dataareaid": "usmf",
    }
    sender.control.add_rows(sender.web.name, CUSTOMER_GROUPS, [group])
    sender.register("OnExternalUpdated", "mserp_custcustomergroupentity")
    where = f"{CUSTOMER_GROUPS}({group['mserp_custcustomergroupentityid']})"
    assert sender.web.patch(where, {"mserp_description": "Retail"}).status_code == 204
    context = sender.context()
    assert (context["MessageName"], context["PrimaryEntityId"]) == (
        "OnExternalUpdated",
        "00000000-0000-0000-0000-000000000000",
    )
    pre = next(pair["value"] for pair in context["InputParameters"] if pair["key"] == "PreImage")
    assert {pair["key"]: pair["value"] for pair in pre["Attributes"]}["mserp_description"] == "Default group"
    assert target(context)["mserp_dataareaid"] == "usmf"


def test_changes_of_the_event_framework_itself_are_no_events(sender):
    found = sender.web.get("sdkmessagefilters", filter="primaryobjecttypecode eq 'serviceendpoint'")["value"]
    assert found == []


def test_what_is_reset_is_no_longer_sent(sender):
    sender.account()
    sender.register()
    sender.control.set_pace(sender.web.name, Pace(webhook_pause=0.3))
    sender.receivers.fail("hook", 503)
    sender.web.patch(f"accounts({ID})", {"name": "x"})
    sender.received()
    sender.control.reset()
    time.sleep(0.6)
    assert len(sender.receivers.received("hook")) == 1
