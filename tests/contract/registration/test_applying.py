"""What is declared becomes so in Dataverse, whatever happens on the way, and nothing else is touched."""

from xml.etree import ElementTree as ET

import pytest

from tests.contract.registration.conftest import KEY, SAS
from tests.fixtures.web_api import NOWHERE, QUEUE, WEBHOOK
from tests.fixtures.web_api import refusal as refusal_of

ENDPOINT = "fno-link: crm"


def test_an_empty_organization_gets_its_sender_and_the_second_time_nothing_is_written(register):
    made = register.plan()
    assert [(each.action, each.kind) for each in made.changes] == [
        ("create", "endpoint"),
        ("create", "step"),
        ("create", "image"),
        *[("create", "step")] * 4,
    ]
    done = register.apply()
    assert len(done.done) == 7
    assert register.writes == [
        ("POST", "serviceendpoints"),
        ("POST", "sdkmessageprocessingsteps"),
        ("POST", "sdkmessageprocessingstepimages"),
        *[("POST", "sdkmessageprocessingsteps")] * 4,
    ]
    rows = register.rows()
    assert rows["endpoints"] == [(ENDPOINT, 8, "https://fno-link.azurewebsites.net/api/events/crm", True, False)]
    assert rows["steps"][-1] == (
        f"{ENDPOINT}: Update of account (post_operation)",
        "Update",
        "account",
        40,
        1,
        0,
        "creditlimit,name",
        (("fno-link: before", "before", 0, "name"),),
    )
    assert {each.action for each in register.plan().changes} == {"leave"}
    assert register.apply().done == ()
    assert register.writes == []


def test_no_secret_is_in_what_is_read_or_told(register):
    register.apply()
    assert KEY not in str(register.web.get("serviceendpoints"))
    assert KEY not in repr(register.last.writes)
    [endpoint] = [each for each in register.plan().changes if each.kind == "endpoint"]
    assert KEY not in repr(endpoint)


@pytest.mark.parametrize("kill", ["kill_before", "kill_after"])
def test_a_kill_at_any_request_leaves_what_the_next_run_goes_on_from(register, kill):
    register.apply()
    whole, requests = register.rows(), 7
    register.remove(everything=True)
    assert register.rows() == {"endpoints": [], "steps": []}
    for number in range(requests + 1):
        register.apply(**{kill: number})
        register.apply()
        assert register.rows() == whole
        assert register.apply().done == ()
        register.remove(everything=True, **{kill: number})
        register.remove(everything=True)
        assert register.rows() == {"endpoints": [], "steps": []}


def test_a_rotated_secret_is_found_by_its_hash_and_written_alone(register):
    register.apply()
    before = register.web.get("serviceendpoints")["value"][0]
    register.environ["CRM_KEY"] = "another-key"
    [changed] = register.plan().writes
    assert (changed.action, changed.kind, changed.why) == ("rotate", "endpoint", "its secret is another one")
    register.apply()
    assert register.writes == [("PATCH", "serviceendpoints")]
    after = register.web.get("serviceendpoints")["value"][0]
    assert (after["serviceendpointid"], after["url"]) == (before["serviceendpointid"], before["url"])
    assert before["description"] != after["description"]
    assert "another-key" not in str(after)
    assert register.plan().writes == ()


def test_what_was_changed_by_hand_is_shown_and_mended(register):
    register.apply()
    whole = register.rows()
    step = next(
        row for row in register.web.get("sdkmessageprocessingsteps")["value"] if "Update of account" in row["name"]
    )
    key = step["sdkmessageprocessingstepid"]
    changes = {"statecode": 1, "statuscode": 2, "filteringattributes": "name", "rank": 5}
    assert register.web.patch(f"sdkmessageprocessingsteps({key})", changes).status_code == 204
    [found] = register.plan(catalogue=False).drift
    assert (found.action, found.why) == ("update", "it was switched off")
    assert [str(each) for each in found.differences] == [
        "rank: 5 → 1",
        "filteringattributes: name → creditlimit,name",
        "statecode: switched off → enabled",
    ]
    register.apply()
    assert register.writes == [("PATCH", "sdkmessageprocessingsteps")]
    assert register.rows() == whole


def test_what_was_taken_and_not_kept_is_named_with_what_it_is(register):
    """Somebody's plug-in switches each new step of `Update` off: Dataverse has answered 204 all the same."""

    def meddled(change):
        if change.kind == "step" and "Update" in change.name:
            [step] = [
                row for row in register.web.get("sdkmessageprocessingsteps")["value"] if row["name"] == change.name
            ]
            off = {"statecode": 1, "statuscode": 2}
            register.web.patch(f"sdkmessageprocessingsteps({step['sdkmessageprocessingstepid']})", off)

    made = register.apply_and_read(meddled)
    assert (len(made.done), made.error) == (7, None)
    [found] = made.not_kept
    assert (found.kind, found.why) == ("step", "it was switched off")
    assert [str(each) for each in found.differences] == ["statecode: switched off → enabled"]
    mended = register.apply_and_read(lambda _: None)
    assert (len(mended.done), mended.not_kept) == (1, ())
    reads = register.last.reads
    assert register.apply_and_read(lambda _: None).done == ()
    assert register.last.reads < reads  # what was not written is not read again


def test_all_was_written_and_cannot_be_read_again(register):
    """Dataverse goes away after the last write: that it was done is told with the error."""
    control, left = register.dynamics.control, [7]

    def away(_):
        left[0] -= 1
        if not left[0]:
            control.break_(register.name, "unavailable")

    made = register.apply_and_read(away)
    assert (len(made.done), made.stopped_at, made.error.code) == (7, None, "Unreachable")
    control.heal(register.name)
    assert register.apply_and_read(lambda _: None).done == ()


def test_foreign_rows_are_shown_and_never_touched(register):
    register.apply()
    web = register.web
    theirs = web.create("serviceendpoints", WEBHOOK)
    web.create("sdkmessageprocessingsteps", web.step(theirs))
    ours = next(row for row in web.get("serviceendpoints")["value"] if row["name"] == ENDPOINT)["serviceendpointid"]
    by_hand = web.create("sdkmessageprocessingsteps", web.step(ours, "Create", "contact"))
    before = web.get("sdkmessageprocessingsteps")["value"], web.get("serviceendpoints")["value"]
    found = {each.name: each for each in register.plan().changes if each.action == "foreign"}
    assert set(found) == {WEBHOOK["name"], "fno-link: Create of contact"}
    register.apply()
    assert (web.get("sdkmessageprocessingsteps")["value"], web.get("serviceendpoints")["value"]) == before
    with pytest.raises(Exception, match="a step hangs on it that is not ours"):
        register.remove(everything=True)
    web.delete(f"sdkmessageprocessingsteps({by_hand})")
    register.remove(everything=True)
    assert [row["name"] for row in web.get("serviceendpoints")["value"]] == [WEBHOOK["name"]]


def test_what_is_no_longer_declared_goes_only_by_remove(register):
    register.apply()
    register.text = register.text.partition("[[sources")[0]
    orphaned = [each for each in register.plan().changes if each.action == "orphaned"]
    assert len(orphaned) == 4
    assert register.apply().done == ()
    assert len(register.rows()["steps"]) == 5
    register.remove()
    assert register.writes == [("DELETE", "sdkmessageprocessingsteps")] * 4
    assert [each.action for each in register.plan().changes] == ["leave"] * 3


def test_a_step_that_is_declared_switched_off_is_registered_so(register):
    register.text = register.text.replace('messages = ["Update"]', 'messages = ["Update"]\nenabled = false', 1)
    register.apply()
    assert [row[5] for row in register.rows()["steps"] if row[1] == "Update"] == [1]
    assert register.plan().writes == ()


BUS = """
[sources.bus]
kind = "service_bus"
organization = "{name}"
queue = "from-crm"

[sources.bus.dataverse]
key = "%BUS_KEY%"
key_name = "dynamics-send"
user_claim = "user_id"
messages = ["Create"]
tables = ["account"]
"""
TOPIC = BUS.replace('queue = "from-crm"', 'topic = "from-crm"\nsubscription = "s"')
HUB = BUS.replace("service_bus", "event_hub").replace("queue =", "event_hub =")
GRID = """
[sources.grid]
kind = "event_grid"
organization = "{name}"

[sources.grid.dataverse]
key = "%CRM_KEY%"
url = "https://t.westeurope-1.eventgrid.azure.net/api/events"
messages = ["Create"]
tables = ["account"]
"""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (BUS, {"contract": 2, "path": "from-crm", "namespaceaddress": "sb://contoso.servicebus.windows.net/"}),
        (TOPIC, {"contract": 5, "path": "from-crm", "userclaim": 2}),
        (HUB, {"contract": 7, "path": "from-crm", "namespaceaddress": "sb://hubs.servicebus.windows.net/"}),
        (GRID, {"contract": 9, "url": "https://t.westeurope-1.eventgrid.azure.net/api/events", "schematype": 2}),
    ],
)
def test_each_kind_of_source_has_its_endpoint(register, text, wanted):
    register.text = text
    register.apply()
    [row] = register.web.get("serviceendpoints")["value"]
    assert {name: row[name] for name in wanted} == wanted
    assert row["issaskeyset"] or row["isauthvalueset"]
    assert register.plan().writes == ()
    register.environ["BUS_KEY"] = register.environ["CRM_KEY"] = "n" + SAS[1:]
    assert [each.action for each in register.plan().writes] == ["rotate"]


def test_a_header_is_written_as_settings_that_survive_any_key(register):
    register.environ["CRM_KEY"] = "a<b>&\"c'"
    register.text = register.text.replace('key = "%CRM_KEY%"', 'key = "%CRM_KEY%"\nauthentication = "header"')
    register.apply()
    body = register.last.writes[0].row["authvalue"]
    assert body.startswith('<settings><setting name="x-functions-key" value=')
    assert ET.fromstring(body)[0].attrib == {"name": "x-functions-key", "value": "a<b>&\"c'"}


def test_what_is_written_becomes_part_of_the_solution_that_is_named(register, web):
    web.create(
        "solutions",
        {
            "uniquename": "sending",
            "friendlyname": "Sending",
            "version": "1.0.0.0",
            "publisherid@odata.bind": "/publishers(d21aab71-79e7-11dd-8874-00188b01e34f)",
        },
    )
    solution = web.get("solutions", filter="uniquename eq 'sending'")["value"][0]["solutionid"]
    register.solution = "sending"
    register.apply()
    parts = web.get("solutioncomponents", filter=f"_solutionid_value eq {solution}")["value"]
    assert sorted(each["componenttype"] for each in parts) == [92] * 5 + [93, 95]


def test_two_endpoints_of_one_name_are_refused_with_their_ids(register, web):
    first = web.create("serviceendpoints", QUEUE | {"name": ENDPOINT})
    second = web.create("serviceendpoints", QUEUE | {"name": ENDPOINT})
    [refusal] = register.plan().refusals
    assert first in refusal.message
    assert second in refusal.message


def test_a_managed_solution_takes_nothing(register, web):
    solution = {"solutionid": NOWHERE, "uniquename": "vendor", "ismanaged": True}
    web.dynamics.control.add_rows(web.name, "solutions", [solution])
    register.solution = "vendor"
    [refusal] = register.plan().refusals
    assert "it is a managed solution" in refusal.message
    answer = web.post("serviceendpoints", WEBHOOK, **{"MSCRM.SolutionUniqueName": "vendor"})
    assert answer.status_code == 400


def test_a_step_that_a_managed_solution_has_brought_is_compared_and_not_changed(register, web):
    register.apply()
    row = next(each for each in web.get("sdkmessageprocessingsteps")["value"] if "Update of account" in each["name"])
    key = row["sdkmessageprocessingstepid"]
    locked = {"ismanaged": True, "iscustomizable": {"Value": False, "CanBeChanged": False}}
    web.dynamics.control.overrule(web.name, "sdkmessageprocessingsteps", **locked)
    assert web.patch(f"sdkmessageprocessingsteps({key})", {"rank": 5}).status_code == 204
    [refusal] = register.plan().refusals
    assert refusal.message == "a managed solution has brought this step"
    assert refusal_of(web.patch(f"sdkmessageprocessingsteps({key})", {"rank": 1})) == (400, "0x8004F032")
    with pytest.raises(Exception, match="a managed solution has brought it"):
        register.remove(everything=True)
    assert len(register.rows()["steps"]) == 5


def test_an_alias_that_somebody_elses_image_has_is_refused(register, web):
    register.apply()
    row = next(each for each in web.get("sdkmessageprocessingsteps")["value"] if "Update of account" in each["name"])
    key = row["sdkmessageprocessingstepid"]
    [ours] = web.get("sdkmessageprocessingstepimages")["value"]
    assert web.delete(f"sdkmessageprocessingstepimages({ours['sdkmessageprocessingstepimageid']})").status_code == 204
    web.create("sdkmessageprocessingstepimages", web.image(key, entityalias="before"))
    [refusal] = register.plan().refusals
    assert refusal.message == f"the step {row['name']!r} has an image before that is not ours"
    assert "name another alias" in refusal.hint
