"""`fno-link register` and Finance & Operations' own endpoints: compared, told, seldom written."""

import json
import subprocess

import pytest

from integration.cli import frame
from integration.finance_operations import FinanceOperations
from tests.contract.cli.checkout import Checkout as Folder

SECRET = "the-secret-of-the-application"
APPLICATION = "0a1b2c3d-0000-4000-8000-000000000077"
VAULT = "contoso.vault.azure.net"
EVENT, OTHER = "SalesOrderConfirmedBusinessEvent", "PurchaseOrderConfirmedBusinessEvent"
ENDPOINTS, ACTIVE, CATALOG = "BusinessEventsEndpoints", "BusinessEventsConfigurations", "BusinessEventsCatalogs"
BUS = "Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=k"
DECLARED = """
[sources.erp]
kind = "service_bus"
queue = "orders"
organization = "{name}"

[sources.erp.finance_operations]
events = ["SalesOrderConfirmedBusinessEvent"]
legal_entities = ["usmf"]
key_vault = "contoso.vault.azure.net"
secret_name = "erp-bus"
application = "0a1b2c3d-0000-4000-8000-000000000077"
application_secret = "%ERP_SECRET%"
"""
ENDPOINT = {
    "Name": "fno-link-erp",
    "Type": "AzureServiceBusQueue",
    "ServiceBusQueueName": "orders",
    "KeyVaultDnsName": f"https://{VAULT}/",
    "KeyVaultSecretName": "erp-bus",
    "AzureAppId": APPLICATION.upper(),
    "DecryptedAzureAppSecret": SECRET,
}
MARKED = ENDPOINT | {"Description": "[fno-link v=1 owner=fno-link]"}


def active(event=EVENT, where="usmf", to="fno-link-erp", disabled="No"):
    return {
        "BusinessEventsTable": event,
        "LegalEntity": where,
        "BusinessEventsEndpoint_Name": to,
        "Disabled": disabled,
    }


class Killed(BaseException):
    """The process is gone."""


class Checkout(Folder):
    """The same, with a source that Finance & Operations is to send to."""

    def __init__(self, dynamics, folder, monkeypatch, capsys) -> None:
        super().__init__(dynamics, folder)
        self.monkeypatch, self.capsys = monkeypatch, capsys
        self.control = dynamics.control
        self.environ |= {"ServiceBus": BUS, "ERP_SECRET": SECRET}
        self.configure(more=DECLARED.format(name=self.name))
        self.has(CATALOG, {"BusinessEventId": EVENT}, {"BusinessEventId": OTHER})

    def has(self, entity_set, *rows):
        self.control.set_entity(self.name, entity_set, list(rows))

    def run(self, *arguments):
        """Run a command in this process: a new one costs half a second."""
        for name, value in self._environ().items():
            self.monkeypatch.setenv(name, value)
        self.monkeypatch.chdir(self.folder)
        self.capsys.readouterr()
        code = frame.run(list(arguments))
        said = self.capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    def register(self, *arguments, code=0):
        done = self.run("register", *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert SECRET not in done.stdout + done.stderr
        return done

    def told(self, *arguments, code=0):
        [said] = json.loads(self.register(*arguments, "--json", code=code).stdout)
        return said

    def sent(self):
        """What was written to Finance & Operations."""
        return [each.path for each in self.control.received(f"{self.name}.operations.dynamics.com")]


@pytest.fixture
def checkout(dynamics, tmp_path, monkeypatch, capsys):
    return Checkout(dynamics, tmp_path, monkeypatch, capsys)


def test_what_lacks_is_told_with_the_menu_and_a_plain_apply_writes_nothing_there(checkout):
    planned = checkout.register("plan").stdout
    assert "by hand   F&O endpoint fno-link-erp (it is not there)" in planned
    assert "Endpoints > New: Endpoint type Azure Service Bus Queue, Endpoint name fno-link-erp, Queue name" in planned
    assert "System administration > Setup > Business events > Business events catalog" in planned
    assert f"by hand   F&O event {EVENT} in usmf to fno-link-erp (it is not active)" in planned
    said = checkout.told("apply")
    assert [(each["action"], each["kind"]) for each in said["byHand"]] == [
        ("by_hand", "fno_endpoint"),
        ("by_hand", "fno_event"),
    ]
    assert (said["done"], said["unknown"], checkout.sent()) == ([], [], [])
    drifted = checkout.told("drift", code=1)
    assert [each["kind"] for each in drifted["differs"]] == ["fno_endpoint", "fno_event"]
    assert "Legal entity usmf" in drifted["differs"][1]["todo"]


def test_what_is_as_declared_is_no_drift_and_a_copied_environment_is(checkout):
    checkout.has(ENDPOINTS, ENDPOINT)
    checkout.has(ACTIVE, active(event=EVENT.upper(), where="USMF"), active("Foreign"), active(to="elsewhere"))
    assert "all is as it is declared" in checkout.register("drift").stdout
    [foreign] = [each for each in checkout.told("plan")["changes"] if each["action"] == "foreign"]
    assert foreign["name"] == "Foreign in usmf to fno-link-erp"
    checkout.has(ENDPOINTS, ENDPOINT | {"KeyVaultDnsName": "https://contoso-prod.vault.azure.net/"})
    more = DECLARED.format(name=checkout.name) + (
        '[[organizations]]\nname = "prod"\nurl = "https://prod.crm.dynamics.com"\ntenant = "contoso.onmicrosoft.com"\n'
        'key_vaults = ["contoso-prod.vault.azure.net"]\n'
    )
    checkout.configure(more=more)
    [differs] = checkout.told("drift", checkout.name, code=1)["differs"]
    assert differs["why"] == "its key vault is that of prod: this environment may be a copy"
    assert differs["differences"] == [
        {"column": "KeyVaultDnsName", "found": "contoso-prod.vault.azure.net", "wanted": VAULT}
    ]


def test_activations_are_read_page_after_page(checkout):
    checkout.has(ENDPOINTS, ENDPOINT)
    checkout.has(ACTIVE, *[active(f"Event{number}", to="elsewhere") for number in range(10_001)], active())
    checkout.register("drift")


def test_a_disabled_event_and_one_of_all_legal_entities_are_told(checkout):
    checkout.has(ENDPOINTS, ENDPOINT)
    checkout.has(ACTIVE, active(disabled="Yes"), active(where=""))
    off, beside = checkout.told("drift", code=1)["differs"]
    assert (off["why"], "Inactive events" in off["todo"]) == ("it was switched off", True)
    assert beside["name"] == f"{EVENT} in all legal entities to fno-link-erp"
    assert beside["todo"].endswith("Inactivate")
    checkout.configure(more=DECLARED.format(name=checkout.name).replace('legal_entities = ["usmf"]', ""))
    checkout.has(ACTIVE, active(where=""))
    checkout.register("drift")


@pytest.mark.parametrize("state", ["not linked", "away", "hidden", "no such entity"])
def test_what_is_not_seen_is_unknown_and_never_missing(checkout, state):
    match state:
        case "not linked":
            checkout.control.unlink(checkout.name)
        case "away":
            checkout.control.break_(checkout.name, "unavailable", kind="fno")
        case "hidden":
            checkout.control.hide_entities(checkout.name, ENDPOINTS)
        case _:
            checkout.control.break_(checkout.name, "not_found", kind="fno")
    said = checkout.told("drift", code=3)
    assert (said["ok"], said["differs"]) == (False, [])
    assert [each["name"] for each in said["unknown"]] == ["fno-link-erp"]
    words = {"not linked": "not linked", "away": "503", "hidden": "Business events security role"}
    assert words.get(state, "does not tell BusinessEventsEndpoints (404)") in said["unknown"][0]["why"]
    planned = checkout.register("plan").stdout
    assert ("unknown   F&O endpoint fno-link-erp" in planned, "is not there" in planned) == (True, False)
    checkout.register("apply", "--experimental", code=3)
    assert checkout.sent() == []


def test_where_activations_are_hidden_the_endpoint_is_compared_and_they_are_unknown(checkout):
    checkout.has(ENDPOINTS, ENDPOINT | {"ServiceBusQueueName": "invoices"})
    checkout.control.hide_entities(checkout.name, ACTIVE)
    said = checkout.told("drift", code=1)
    assert [each["differences"][0]["found"] for each in said["differs"]] == ["invoices"]
    assert [each["name"] for each in said["unknown"]] == ["the events to fno-link-erp"]


def test_an_entity_that_is_read_only_is_left_to_people_in_experimental_runs_too(checkout):
    said = checkout.told("apply", "--experimental")
    assert [each["action"] for each in said["byHand"]] == ["by_hand", "by_hand"]
    assert f"Finance & Operations has {ENDPOINTS} read-only" in said["byHand"][0]["why"]
    assert checkout.sent() == []


def test_an_experimental_run_writes_what_is_ours_reads_it_again_and_then_nothing(checkout):
    checkout.control.set_writes(checkout.name, "taken", ENDPOINTS, ACTIVE)
    assert "2 to write in Finance & Operations (--experimental)" in checkout.register("plan", "--experimental").stdout
    assert checkout.sent() == []
    done = checkout.told("apply", "--experimental")
    assert [each["kind"] for each in done["done"]] == ["fno_endpoint", "fno_event"]
    assert (done["notKept"], checkout.sent()) == ([], [f"/data/{ENDPOINTS}", f"/data/{ACTIVE}"])
    checkout.register("drift")
    assert checkout.told("apply", "--experimental")["done"] == []
    text = DECLARED.format(name=checkout.name).replace(EVENT, OTHER).replace("erp-bus", "erp-bus-2")
    checkout.configure(more=text)
    done = checkout.told("apply", "--experimental")
    assert [each["name"].partition(" ")[0] for each in done["done"]] == ["fno-link-erp", OTHER, EVENT]
    assert len(checkout.sent()) == 5
    checkout.register("drift")


@pytest.mark.parametrize(("when", "left"), [("before", ["fno_endpoint", "fno_event"]), ("after", ["fno_event"])])
def test_a_run_that_was_killed_at_a_write_is_gone_on_from(checkout, monkeypatch, when, left):
    checkout.control.set_writes(checkout.name, "taken", ENDPOINTS, ACTIVE)
    write = FinanceOperations.write

    async def killed(self, *arguments):
        if when == "after":
            await write(self, *arguments)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(FinanceOperations, "write", killed)
        with pytest.raises(Killed):
            checkout.run("register", "apply", "--experimental")
    assert [each["kind"] for each in checkout.told("apply", "--experimental")["done"]] == left
    assert len(checkout.sent()) == 2
    checkout.register("drift")


def test_what_hangs_on_an_endpoint_without_our_mark_is_never_written(checkout):
    checkout.control.set_writes(checkout.name, "taken", ENDPOINTS, ACTIVE)
    checkout.has(ENDPOINTS, ENDPOINT | {"KeyVaultSecretName": "another"})
    said = checkout.told("apply", "--experimental")
    assert (said["done"], len(said["byHand"]), checkout.sent()) == ([], 2, [])
    assert all("no mark of ours" in each["why"] for each in said["byHand"])
    checkout.has(ENDPOINTS, MARKED)
    assert len(checkout.told("apply", "--experimental")["done"]) == 1


def test_a_refused_write_stops_there_with_its_words_and_the_next_run_goes_on(checkout):
    checkout.control.set_writes(checkout.name, "taken", ENDPOINTS, ACTIVE)
    checkout.has(CATALOG)
    done = checkout.register("apply", "--experimental", code=1)
    assert "written   F&O endpoint fno-link-erp" in done.stdout
    assert "in field 'Business event' is not found" in done.stderr
    assert f"stopped at the F&O event {EVENT} in usmf to fno-link-erp" in done.stderr
    checkout.has(CATALOG, {"BusinessEventId": EVENT})
    assert [each["kind"] for each in checkout.told("apply", "--experimental")["done"]] == ["fno_event"]


def test_an_event_that_the_catalog_does_not_have_is_told_with_what_rebuilds_it(checkout):
    checkout.has(CATALOG, {"BusinessEventId": OTHER})
    checkout.has(ENDPOINTS, ENDPOINT)
    [change] = [each for each in checkout.told("plan")["changes"] if each["action"] == "by_hand"]
    assert (change["why"], "Rebuild business events catalog" in change["todo"]) == (
        "the catalog has no such event",
        True,
    )
