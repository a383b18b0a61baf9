"""Writing the tables of the event framework: what Dataverse takes, and what it refuses in its own words."""

import pytest

from tests.fixtures.web_api import API, NOWHERE, QUEUE, WEBHOOK, refusal


def test_a_sender_is_registered_and_read_back(web):
    endpoint = web.create("serviceendpoints", WEBHOOK)
    step = web.create("sdkmessageprocessingsteps", web.step(endpoint, filteringattributes="name,creditlimit"))
    image = web.create("sdkmessageprocessingstepimages", web.image(step))
    kept = web.get(f"serviceendpoints({endpoint})")
    assert (kept["name"], kept["contract"], kept["userclaim"], kept["messageformat"]) == (WEBHOOK["name"], 8, 1, 1)
    (found,) = web.get(f"serviceendpoints({endpoint})/serviceendpoint_sdkmessageprocessingstep")["value"]
    assert (found["sdkmessageprocessingstepid"], found["statecode"], found["statuscode"]) == (step, 0, 1)
    expanded = web.get(
        f"sdkmessageprocessingsteps({step})",
        select="name,filteringattributes",
        expand="sdkmessageid($select=name),eventhandler_serviceendpoint($select=name),"
        "sdkmessageprocessingstepid_sdkmessageprocessingstepimage($select=entityalias;$filter=imagetype eq 0)",
    )
    assert expanded["sdkmessageid"]["name"] == "Update"
    assert expanded["eventhandler_serviceendpoint"]["name"] == WEBHOOK["name"]
    (shown,) = expanded["sdkmessageprocessingstepid_sdkmessageprocessingstepimage"]
    assert (shown["sdkmessageprocessingstepimageid"], shown["entityalias"]) == (image, "before")


def test_a_secret_is_never_read_back_but_that_it_is_set(web):
    webhook, queue = web.create("serviceendpoints", WEBHOOK), web.create("serviceendpoints", QUEUE)
    kept = web.get(f"serviceendpoints({webhook})")
    assert (kept["authvalue"], kept["isauthvalueset"]) == (None, True)
    kept = web.get(f"serviceendpoints({queue})", select="saskey,issaskeyset,sastoken,issastokenset,saskeyname")
    assert [kept[name] for name in ("saskey", "issaskeyset", "sastoken", "issastokenset")] == [None, True, None, False]
    answer = web.patch(f"serviceendpoints({webhook})", {"authvalue": "another"}, Prefer="return=representation")
    assert (answer.status_code, answer.json()["authvalue"]) == (200, None)
    assert "another" not in answer.text
    step = web.create("sdkmessageprocessingsteps", web.step(webhook))
    whole = web.get(f"sdkmessageprocessingsteps({step})", expand="eventhandler_serviceendpoint")
    assert whole["eventhandler_serviceendpoint"]["authvalue"] is None
    assert "the key" not in str(web.get("serviceendpoints"))


@pytest.mark.parametrize("name", ["Name", "authValue", "nothing", "_managedidentityid_value", "eventhandler"])
def test_a_property_that_is_not_there_is_refused_with_its_case(web, name):
    answer = web.post("serviceendpoints", WEBHOOK | {name: "x"})
    assert refusal(answer) == (400, "0x80048d19")
    assert "serviceendpoint" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"contract": 12}, "0x8004431A", "Accepted Values: 1,2,3,4,5,6,7,8,9,10,11"),
        ({"authtype": 10}, "0x8004431A", "'authtype'"),
        ({"contract": "8"}, "0x80048d19", "expected type 'Edm.Int32'"),
        ({"contract": True}, "0x80048d19", "expected type 'Edm.Int32'"),
        ({"name": 5}, "0x80048d19", "expected type 'Edm.String'"),
        ({"name": "n" * 257}, "0x80044331", "maximum allowed length of '256'"),
        ({"url": "https://x/" + "u" * 2000}, "0x80044331", "'2000'"),
        ({"name": None}, "0x80040203", "'name'"),
        ({"contract": None}, "0x80040203", "'contract'"),
        ({"url": None}, "0x80040203", "'url'"),
        ({"url": "fno-link/api"}, "0x80040203", "valid absolute HTTP URL"),
        ({"authvalue": None}, "0x80040203", "'authvalue'"),
        ({"authtype": 2}, "0x80040203", "contract Webhook"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(web, changes, code, words):
    answer = web.post("serviceendpoints", WEBHOOK | changes)
    assert refusal(answer) == (400, code)
    assert words in answer.json()["error"]["message"]
    assert web.get("serviceendpoints")["value"] == []


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"authtype": 1}, "0x80050209", "ACS"),
        ({"authtype": 4}, "0x80040203", "contract 2"),
        ({"saskey": "short"}, "0x80040203", "44 characters"),
        ({"saskey": None}, "0x80040203", "'saskey'"),
        ({"saskeyname": None}, "0x80040203", "'saskeyname'"),
        ({"path": None}, "0x80040203", "'path'"),
        ({"namespaceaddress": "https://contoso.servicebus.windows.net/"}, "0x80040203", "sb://"),
        ({"path": "p" * 161}, "0x80044331", "'160'"),
        ({"messageformat": 4}, "0x8004431A", "Accepted Values: 1,2,3"),
    ],
)
def test_a_queue_that_cannot_be_is_refused(web, changes, code, words):
    answer = web.post("serviceendpoints", QUEUE | changes)
    assert refusal(answer) == (400, code)
    assert words in answer.json()["error"]["message"]


def test_two_endpoints_of_one_name_are_taken_as_dataverse_takes_them(web):
    web.create("serviceendpoints", WEBHOOK)
    web.create("serviceendpoints", WEBHOOK)
    assert len(web.get("serviceendpoints", filter="name eq 'FNO-LINK orders' and contract eq 8")["value"]) == 2


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"stage": 30}, "0x80044184", "Invalid plug-in registration stage"),
        ({"stage": 20}, "0x80044184", "Invalid plug-in registration stage"),
        ({"stage": 21}, "0x8004431A", "'stage'"),
        ({"stage": None}, "0x80040203", "'stage'"),
        ({"mode": 2}, "0x8004431A", "'mode'"),
        ({"description": "d" * 257}, "0x80044331", "'256'"),
        ({"filteringattributes": "name,colour"}, "0x80041103", "Name = 'colour'"),
        ({"sdkmessageid@odata.bind": None}, "0x80040203", "'sdkmessageid'"),
        ({"eventhandler_serviceendpoint@odata.bind": None}, "0x80040203", "'eventhandler'"),
        (
            {"eventhandler@odata.bind": f"/serviceendpoints({NOWHERE})"},
            "0x80048d19",
            "undeclared property 'eventhandler'",
        ),
        ({"SdkMessageId@odata.bind": f"/sdkmessages({NOWHERE})"}, "0x80048d19", "undeclared property 'SdkMessageId'"),
        ({"sdkmessageid": NOWHERE}, "0x80048d19", "PrimitiveValue"),
        ({"_sdkmessageid_value": NOWHERE}, "0x80048d19", "Navigation properties"),
        ({"sdkmessageid@odata.bind": f"/serviceendpoints({NOWHERE})"}, "0x80048d19", "Invalid Resource Reference"),
        ({"sdkmessageid@odata.bind": "Update"}, "0x80048d19", "Invalid Resource Reference"),
    ],
)
def test_a_step_that_cannot_be_is_refused(web, changes, code, words):
    step = web.step(web.create("serviceendpoints", WEBHOOK), **changes)
    answer = web.post("sdkmessageprocessingsteps", step)
    assert refusal(answer) == (400, code)
    assert words in answer.json()["error"]["message"]
    assert web.get("sdkmessageprocessingsteps")["value"] == []


def test_a_step_on_what_is_not_there_is_refused(web):
    step = web.step(web.create("serviceendpoints", WEBHOOK))
    for name, entity_set in (("sdkmessageid", "sdkmessages"), ("sdkmessagefilterid", "sdkmessagefilters")):
        bound = {f"{name}@odata.bind": f"/{entity_set}({NOWHERE})"}
        assert refusal(web.post("sdkmessageprocessingsteps", step | bound)) == (404, "0x80040217")
    other = {"sdkmessagefilterid@odata.bind": f"/sdkmessagefilters({web.filter('Create', 'account')})"}
    assert refusal(web.post("sdkmessageprocessingsteps", step | other)) == (400, "0x80040203")
    text = "primaryobjecttypecode eq 'invoice'"
    assert web.get("sdkmessagefilters", filter=text)["value"] == []
    assert web.get("sdkmessages", filter="name eq 'Updated'")["value"] == []


def test_a_step_of_service_bus_is_asynchronous(web):
    queue, webhook = web.create("serviceendpoints", QUEUE), web.create("serviceendpoints", WEBHOOK)
    answer = web.post("sdkmessageprocessingsteps", web.step(queue, mode=0))
    assert refusal(answer) == (400, "0x80040203")
    assert "asynchronous" in answer.json()["error"]["message"]
    step = web.create("sdkmessageprocessingsteps", web.step(webhook, mode=0, stage=20))
    moved = web.patch(
        f"sdkmessageprocessingsteps({step})",
        {"eventhandler_serviceendpoint@odata.bind": f"/serviceendpoints({queue})"},
    )
    assert refusal(moved) == (400, "0x80040203")


@pytest.mark.parametrize(
    ("message", "changes", "code", "words"),
    [
        ("Create", {"imagetype": 1}, "0x8004416b", "Message property name 'Target' is not valid on message Create."),
        ("Create", {"messagepropertyname": "Id"}, "0x8004416d", "Message Create does not support this image type."),
        ("Delete", {"imagetype": 1}, "0x8004416d", "Message Delete does not support this image type."),
        ("Update", {"messagepropertyname": "Id"}, "0x8004416b", "'Id' is not valid on message Update."),
        ("Update", {"imagetype": 3}, "0x8004431A", "'imagetype'"),
        ("Update", {"entityalias": None}, "0x80040203", "'entityalias'"),
        ("Update", {"attributes": "colour"}, "0x80041103", "'colour'"),
        ("Retrieve", {}, "0x80044189", "Message 'Retrieve' does not support image registration."),
    ],
)
def test_an_image_that_cannot_be_is_refused(web, message, changes, code, words):
    endpoint = web.create("serviceendpoints", WEBHOOK)
    step = web.create("sdkmessageprocessingsteps", web.step(endpoint, message))
    answer = web.post("sdkmessageprocessingstepimages", web.image(step, **changes))
    assert refusal(answer) == (400, code)
    assert words in answer.json()["error"]["message"]


def test_a_step_before_the_operation_has_no_image_of_afterwards(web):
    endpoint = web.create("serviceendpoints", WEBHOOK)
    step = web.create("sdkmessageprocessingsteps", web.step(endpoint, mode=0, stage=20))
    answer = web.post("sdkmessageprocessingstepimages", web.image(step, imagetype=2))
    assert refusal(answer) == (400, "0x8004416e")


def test_a_step_is_switched_off_and_on(web):
    endpoint = web.create("serviceendpoints", WEBHOOK)
    step = web.create("sdkmessageprocessingsteps", web.step(endpoint, statecode=1, statuscode=2))
    where = f"sdkmessageprocessingsteps({step})"
    assert web.get(where)["statecode"] == 0, "what is new is enabled, whatever is given"
    assert web.patch(where, {"statecode": 1, "statuscode": 2}).status_code == 204
    assert web.get(where)["statuscode"] == 2
    assert web.patch(where, {"statecode": 0}).status_code == 204
    assert web.get(where)["statuscode"] == 1
    answer = web.patch(where, {"statecode": 1, "statuscode": 1})
    assert refusal(answer) == (400, "0x80048408")
    assert "SdkMessageProcessingStepState.Disabled" in answer.json()["error"]["message"]


def test_what_is_used_is_not_deleted_and_images_go_with_their_step(web):
    endpoint = web.create("serviceendpoints", WEBHOOK)
    step = web.create("sdkmessageprocessingsteps", web.step(endpoint))
    image = web.create("sdkmessageprocessingstepimages", web.image(step))
    answer = web.delete(f"serviceendpoints({endpoint})")
    assert refusal(answer) == (400, "0x8004F01F")
    assert "referenced by 1 other components" in answer.json()["error"]["message"]
    assert web.delete(f"sdkmessageprocessingsteps({step})").status_code == 204
    assert web.client.get(f"{API}/sdkmessageprocessingstepimages({image})").status_code == 404
    assert web.delete(f"serviceendpoints({endpoint})").status_code == 204
    assert refusal(web.delete(f"serviceendpoints({endpoint})")) == (404, "0x80040217")
    assert web.get("solutioncomponents")["value"] == []
