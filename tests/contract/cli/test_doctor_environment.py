"""`fno-link doctor` in the linked environment: the application's user, and the environment's own business events."""

import json

import pytest

from emulation.dynamics.finance_operations_rows import PAGE_ROLES, role_of
from integration.cli.doctor.business_events import judge_vaults
from tests.contract.cli.checkout import Checkout

VAULT = "contoso.vault.azure.net"
ENDPOINT = {"Name": "Orders", "Type": "AzureServiceBusQueue", "KeyVaultDnsName": f"https://{VAULT}/"}


def active(event="SalesOrderConfirmedBusinessEvent", where="usmf", to="Orders", disabled="No"):
    return {
        "BusinessEventsTable": event,
        "LegalEntity": where,
        "BusinessEventsEndpoint_Name": to,
        "Disabled": disabled,
    }


@pytest.fixture
def checkout(dynamics, tmp_path):
    return Checkout(dynamics, tmp_path)


@pytest.fixture
def control(dynamics):
    return dynamics.control


def examined(checkout, code=0):
    """Run the doctor; return the findings of the environment by step."""
    done = checkout.run("doctor", "--json", "--only", "environment*", "--only", "business_event*")
    assert done.returncode == code, done.stdout + done.stderr
    return {step["step"]: step for step in json.loads(done.stdout)["organizations"][0]["steps"]}


def test_endpoints_and_active_events_are_told_by_legal_entity(checkout, control):
    control.set_entity(checkout.name, "BusinessEventsEndpoints", [ENDPOINT])
    rows = [active(), active("PurchaseOrderConfirmedBusinessEvent"), active(where="")]
    control.set_entity(checkout.name, "BusinessEventsConfigurations", rows)
    checkout.configure(more=f'key_vaults = ["{VAULT}"]')
    found = examined(checkout)
    assert {step["verdict"] for step in found.values()} == {"pass"}
    assert "Orders (AzureServiceBusQueue)" in found["business_event_endpoints"]["message"]
    assert found["business_events"]["message"] == "all legal entities: 1 active; usmf: 2 active"


def test_a_disabled_event_warns_with_its_name_and_one_without_its_endpoint_fails(checkout, control):
    control.set_entity(checkout.name, "BusinessEventsEndpoints", [ENDPOINT])
    control.set_entity(checkout.name, "BusinessEventsConfigurations", [active(), active("Lost", disabled="Yes")])
    found = examined(checkout)["business_events"]
    assert (found["verdict"], "Lost in usmf to Orders" in found["message"]) == ("warn", True)
    control.set_entity(checkout.name, "BusinessEventsConfigurations", [active(to="Gone")])
    found = examined(checkout, 1)["business_events"]
    assert (found["verdict"], "to Gone" in found["message"]) == ("fail", True)
    control.set_entity(checkout.name, "BusinessEventsConfigurations", [])
    assert examined(checkout)["business_events"]["verdict"] == "warn"


def test_active_events_without_any_endpoint_fail_with_their_names(checkout, control):
    control.set_entity(checkout.name, "BusinessEventsEndpoints", [])
    control.set_entity(checkout.name, "BusinessEventsConfigurations", [active("Lost"), active("Off", disabled="Yes")])
    found = examined(checkout, 1)["business_event_endpoints"]
    assert found["verdict"] == "fail"
    assert found["message"] == "there is none, though events are active: Lost in usmf to Orders"
    assert "Business events catalog, Endpoints" in found["todo"]
    control.set_entity(checkout.name, "BusinessEventsConfigurations", [active("Off", disabled="Yes")])
    assert examined(checkout)["business_event_endpoints"]["verdict"] == "skipped"


def test_an_endpoint_of_another_vault_fails_as_in_a_copied_environment(checkout, control):
    control.set_entity(checkout.name, "BusinessEventsEndpoints", [ENDPOINT])
    control.set_entity(checkout.name, "BusinessEventsConfigurations", [active()])
    found = examined(checkout)["business_event_vaults"]
    assert (found["verdict"], VAULT in found["message"]) == ("skipped", True)
    checkout.configure(more='key_vaults = ["contoso-test.vault.azure.net"]')
    found = examined(checkout, 1)["business_event_vaults"]
    assert (found["verdict"], f"Orders (from {VAULT})" in found["message"]) == ("fail", True)
    assert "copy" in found["todo"]


DECLARED = """
[sources.orders]
kind = "service_bus"
queue = "orders"
organization = "{name}"
[sources.orders.finance_operations]
events = ["SalesOrderConfirmedBusinessEvent"]
endpoint = "orders"
key_vault = "{vault}"
"""


def test_the_vault_of_a_source_is_that_of_its_endpoint_alone(checkout, control):
    other = {"Name": "Invoices", "Type": "AzureServiceBusQueue", "KeyVaultDnsName": "https://two.vault.azure.net/"}
    control.set_entity(checkout.name, "BusinessEventsEndpoints", [ENDPOINT, other])
    control.set_entity(checkout.name, "BusinessEventsConfigurations", [active()])
    checkout.environ["ServiceBus"] = "Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=k"
    declared = DECLARED.format(vault=VAULT, name=checkout.name)
    checkout.configure(more='key_vaults = ["two.vault.azure.net"]' + declared)
    assert examined(checkout)["business_event_vaults"]["verdict"] == "pass"
    checkout.configure(more=declared.replace(VAULT, "contoso-test.vault.azure.net"))
    found = examined(checkout, 1)["business_event_vaults"]
    assert found["verdict"] == "fail"
    assert found["message"] == f"not from contoso-test.vault.azure.net: Orders (from {VAULT})"


@pytest.mark.parametrize(
    ("expected", "declared", "verdict", "message"),
    [
        ((), {}, "skipped", "there: contoso.vault.azure.net, two.vault.azure.net"),
        ((), {"orders": (VAULT,)}, "pass", "nobody says which is expected of Invoices"),
        ((VAULT,), {}, "fail", "Invoices (from two.vault.azure.net)"),
        (("two.vault.azure.net",), {"orders": ("else.vault.azure.net",)}, "fail", f"Orders (from {VAULT})"),
        (("two.vault.azure.net",), {"orders": (VAULT,)}, "pass", f"{VAULT}, two.vault.azure.net"),
    ],
)
def test_each_endpoint_is_judged_by_who_says_its_vault(expected, declared, verdict, message):
    other = {"Name": "Invoices", "KeyVaultDnsName": "https://two.vault.azure.net/"}
    found = judge_vaults([ENDPOINT, other], expected, declared)
    assert (found.verdict, found.message.endswith(message)) == (verdict, True), found.message


def test_every_page_of_active_events_is_read(checkout, control):
    control.set_entity(checkout.name, "BusinessEventsEndpoints", [ENDPOINT])
    rows = [active(f"Event{number}") for number in range(10_001)]
    control.set_entity(checkout.name, "BusinessEventsConfigurations", rows)
    assert examined(checkout)["business_events"]["message"] == "usmf: 10001 active"


@pytest.mark.parametrize(
    ("roles", "code", "verdict"),
    [(PAGE_ROLES, 0, "pass"), (PAGE_ROLES[1:], 0, "warn"), ((), 1, "fail")],
)
def test_the_four_roles_of_the_applications_user_are_looked_up(checkout, dynamics, roles, code, verdict):
    user = {"AADClientId": dynamics.client_id, "Name": "fno-link", "UserId": "integration"}
    dynamics.control.set_entity(checkout.name, "SysAADClients", [user])
    rows = [role_of("integration", name) for name in roles]
    dynamics.control.set_entity(checkout.name, "SecurityUserRoles", [*rows, role_of("admin", "System administrator")])
    found = examined(checkout, code)["environment_user"]
    assert found["verdict"] == verdict
    if verdict == "warn":
        assert found["message"].endswith(f"but not {PAGE_ROLES[0]}")


def test_what_the_user_may_not_read_is_to_be_looked_at(checkout, control):
    control.hide_entities(checkout.name, "SecurityUserRoles", "BusinessEventsEndpoints")
    found = examined(checkout)
    for name in ("environment_user", "business_event_endpoints"):
        assert found[name]["message"].startswith("look yourself: ")
        assert "System administration" in found[name]["todo"]
    assert found["business_events"]["because"] == "business_event_endpoints"


def test_an_environment_that_is_away_leaves_it_unknown(checkout, control):
    control.break_(checkout.name, "unavailable", kind="fno")
    found = examined(checkout, 3)
    assert found["environment_read"]["verdict"] == "unknown"
    assert {found[name]["because"] for name in found if name.startswith("business")} == {"environment_read"}
