"""`fno-link register` as a process, against the emulated Dynamics under its production names."""

import json

import pytest

from tests.contract.cli.checkout import Checkout as Folder
from tests.fixtures.web_api import Web

APP = "https://fno-link.azurewebsites.net"
KEY = "the-function-key-of-crm"
SENDER = """
[sources.crm]
kind = "http"
organization = "{name}"

[sources.crm.dataverse]
key = "%CRM_KEY%"
messages = ["Update"]
tables = ["{table}"]
attributes = ["{column}"]
"""


class Checkout(Folder):
    """The same, with a source that Dataverse is to send to."""

    def declare(self, text=SENDER, table="account", column="name"):
        self.configure(more=text.format(name=self.name, table=table, column=column))
        self.environ |= {"CRM_KEY": KEY, "FNO_LINK_APP_URL": APP}

    def register(self, *arguments, code=0):
        done = self.run("register", *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert KEY not in done.stdout + done.stderr
        return done

    def told(self, *arguments, code=0):
        return json.loads(self.register(*arguments, "--json", code=code).stdout)


@pytest.fixture
def checkout(dynamics, tmp_path):
    made = Checkout(dynamics, tmp_path)
    made.declare()
    return made


@pytest.fixture
def web(dynamics, checkout):
    with dynamics.client(checkout.organization.base_url()) as client:
        yield Web(dynamics, checkout.name, client)


def test_from_nothing_to_a_sender_and_a_step_that_is_switched_off_by_hand(checkout, web):
    planned = checkout.register("plan", checkout.name).stdout
    assert "create    endpoint fno-link: crm" in planned
    assert "2 to create" in planned
    assert web.get("serviceendpoints")["value"] == []
    assert checkout.register("apply", "--dry-run").stdout == planned
    assert web.get("serviceendpoints")["value"] == []
    assert "2 written, 0 as declared" in checkout.register("apply").stdout
    [done] = checkout.told("apply")
    assert (done["done"], done["refusals"], done["stoppedAt"]) == ([], [], None)
    assert "all is as it is declared" in checkout.register("drift").stdout
    [step] = web.get("sdkmessageprocessingsteps")["value"]
    web.patch(f"sdkmessageprocessingsteps({step['sdkmessageprocessingstepid']})", {"statecode": 1, "statuscode": 2})
    said = checkout.register("drift", code=1).stdout
    assert step["name"] in said
    assert "it was switched off" in said
    [found] = checkout.told("drift", code=1)
    assert (found["ok"], found["differs"][0]["name"]) == (False, step["name"])
    checkout.register("apply")
    checkout.register("drift")


def test_remove_asks_and_takes_only_what_is_ours(checkout, web):
    checkout.register("apply")
    assert "nothing to delete" in checkout.register("remove").stdout
    checkout.register("remove", "--all", "--json", code=2)
    [shown] = checkout.told("remove", "--all", "--dry-run")
    assert [each["kind"] for each in shown["removed"]] == ["step", "endpoint"]
    assert len(web.get("serviceendpoints")["value"]) == 1
    checkout.register("remove", "--all", "--yes")
    assert web.get("serviceendpoints")["value"] == []


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"table": "nothing"}, "there is no table nothing that has the message Update"),
        ({"column": "colour"}, "account has no column colour"),
        ({"text": SENDER.replace('"Update"', '"Archive"').replace('attributes = ["{column}"]', "")}, "Archive"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_is_written(checkout, web, declared, words):
    checkout.declare(**declared)
    assert words in checkout.register("plan", code=1).stderr
    assert words in checkout.register("apply", code=1).stderr
    assert web.get("serviceendpoints")["value"] == []


def test_what_cannot_be_called_or_sent_is_refused_with_what_to_do(checkout, web):
    assert "not encrypted" in checkout.register("apply", "--app-url", "http://fno-link.example.com", code=2).stderr
    del checkout.environ["FNO_LINK_APP_URL"]
    assert "--app-url" in checkout.register("apply", code=1).stderr
    del checkout.environ["CRM_KEY"]
    said = checkout.register("apply", "--app-url", APP, code=1).stderr
    assert "the app setting CRM_KEY is not set" in said
    checkout.declare()
    assert "there is no solution" in checkout.register("apply", "--solution", "nothing", code=1).stderr
    assert web.get("serviceendpoints")["value"] == []


def test_what_dataverse_took_and_did_not_keep_is_a_finding(checkout, dynamics, web):
    dynamics.control.overrule(checkout.name, "sdkmessageprocessingsteps", filteringattributes=None)
    done = checkout.register("apply", code=1)
    assert "2 written" in done.stdout
    assert "not kept: step fno-link: crm: Update of account (post_operation)" in done.stderr
    assert "filteringattributes:" in done.stderr
    dynamics.control.overrule(checkout.name, "sdkmessageprocessingsteps")
    [told] = checkout.told("apply")
    assert [each["kind"] for each in told["done"]] == ["step"]
    assert told["notKept"] == []


def test_a_privilege_that_is_missing_is_named(checkout, dynamics, web):
    dynamics.control.deny(checkout.name, dynamics.client_id, "prvCreateServiceEndpoint")
    done = checkout.register("apply", code=3)
    assert "prvCreateServiceEndpoint" in done.stderr
    assert "System Customizer" in done.stderr
    assert "run the command again" in done.stderr
    assert web.get("serviceendpoints")["value"] == []


def test_nothing_declared_is_said_and_no_fault(checkout):
    checkout.configure()
    assert "no source declares" in checkout.register("plan").stderr
    assert checkout.told("drift") == []
