"""The watch finds by itself that a business event of Finance & Operations was switched off, and that it is on again."""

import asyncio
from datetime import UTC, datetime

import pytest

from integration.clock import SystemClock
from integration.config.keys.model import Credentials
from integration.dataverse import Dataverse, open_http_client
from integration.finance_operations import FinanceOperations
from integration.health.probes.drift import DriftProbe
from integration.health.probes.remembered import Remembered
from integration.identity import Tokens
from integration.links.values import Linked
from integration.registration.business_events.seeing import RIGHTS

ENDPOINTS, ACTIVE = "BusinessEventsEndpoints", "BusinessEventsConfigurations"
ERP = """
[sources.erp]
kind = "http"
organization = "{name}"

[sources.erp.finance_operations]
events = ["SalesOrderConfirmedBusinessEvent"]
"""


class Watch:
    """Asks as rounds do: each remembers what the one before was answered."""

    def __init__(self, register) -> None:
        self.register, self.control, self.past = register, register.dynamics.control, None
        register.text = ERP
        self.environment = Linked(
            url=f"https://{register.name}.operations.dynamics.com",
            tenant_id="t",
            id="i",
            trusted=True,
            checked_at=datetime(2026, 1, 1, tzinfo=UTC),
        )

    def has(self, disabled="No"):
        self.control.set_entity(self.register.name, ENDPOINTS, [{"Name": "fno-link-erp", "Type": "HTTPS"}])
        event = {"BusinessEventsTable": "SalesOrderConfirmedBusinessEvent", "LegalEntity": "", "Disabled": disabled}
        rows = [event | {"BusinessEventsEndpoint_Name": "fno-link-erp"}]
        self.control.set_entity(self.register.name, ACTIVE, rows)

    def calls(self):
        return self.control.calls(self.register.name)

    def ask(self):
        register = self.register
        credentials = Credentials(client_id=register.dynamics.client_id, client_secret=register.dynamics.client_secret)

        async def asked():
            configuration, clock = register.configuration(), SystemClock()
            tokens = Tokens(lambda _: credentials)
            async with open_http_client() as http:
                probe = DriftProbe(
                    dataverse=Dataverse(http, tokens),
                    configuration=configuration,
                    environ=register.environ,
                    address=lambda: register.app,
                    clock=clock,
                    finance_operations=FinanceOperations(http, tokens, clock=clock),
                )
                answer = await probe.ask(
                    configuration.organizations[register.name], remembered=self.past, environment=self.environment
                )
                await tokens.aclose()
            self.past = Remembered(answer, clock.now())
            return answer

        return asyncio.run(asked())


@pytest.fixture
def watch(register):
    return Watch(register)


def test_an_event_that_was_switched_off_is_named_until_it_is_on_again_and_dataverse_is_not_asked(watch):
    watch.has(disabled="Yes")
    answer = watch.ask()
    assert (answer.health, answer.code) == ("bad", "RegistrationDrifted")
    [failed] = answer.failed
    assert (failed.code, failed.message) == ("by_hand", "F&O event: it was switched off")
    assert answer.message.startswith("1 row in Finance & Operations is not as fno-link.toml declares.")
    assert answer.hint.endswith("what to do in Finance & Operations by hand.")
    watch.has()
    assert watch.ask().health == "ok"
    held = watch.calls()
    assert (watch.ask().health, watch.calls()) == ("ok", held)
    assert held.get("row", 0) == 0


def test_an_environment_that_is_not_to_be_asked_is_no_drift_and_is_asked_as_soon_as_it_is(watch):
    watch.register.text += ERP.replace("erp", "crm").replace(
        '[sources.crm.finance_operations]\nevents = ["SalesOrderConfirmedBusinessEvent"]',
        '[sources.crm.dataverse]\nkey = "%CRM_KEY%"\nmessages = ["Update"]\ntables = ["account"]',
    )
    watch.register.apply()
    environment, watch.environment = watch.environment, None
    answer = watch.ask()
    assert (answer.health, "was not compared" in answer.facts["notCompared"]) == ("ok", True)
    watch.environment = environment
    assert watch.ask().facts["count"] == "2"
    watch.register.text, watch.environment = ERP, None
    assert watch.ask().health == "not_asked"


def test_a_right_that_lacks_is_unknown_and_what_differs_all_the_same_is_told(watch):
    watch.has()
    watch.control.hide_entities(watch.register.name, ACTIVE)
    answer = watch.ask()
    assert (answer.health, answer.code, RIGHTS in answer.message) == ("unknown", "Forbidden", True)
    watch.control.set_entity(watch.register.name, ENDPOINTS, [])
    answer = watch.ask()
    assert (answer.health, "may not read" in answer.facts["notCompared"]) == ("bad", True)
