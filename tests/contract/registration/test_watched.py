"""The watch finds by itself that a step was switched off by hand, and that it is on again."""

import asyncio

from integration.clock import SystemClock
from integration.config.keys.model import Credentials
from integration.dataverse import Dataverse, open_http_client
from integration.health.probes.drift import RIGHTS, DriftProbe
from integration.health.probes.remembered import Remembered
from integration.identity import Tokens

STEP = "fno-link: crm: Update of account (post_operation)"


class Watch:
    """Asks as rounds do: each remembers what the one before was answered."""

    def __init__(self, register) -> None:
        self.register = register
        self.past = None

    def ask(self):
        """Ask once; return the answer, and how many requests it took."""
        register = self.register
        credentials = Credentials(client_id=register.dynamics.client_id, client_secret=register.dynamics.client_secret)
        before = self._requests()

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
                )
                answer = await probe.ask(configuration.organizations[register.name], remembered=self.past)
                await tokens.aclose()
            self.past = Remembered(answer, clock.now())
            return answer

        return asyncio.run(asked()), self._requests() - before

    def _requests(self):
        return self.register.dynamics.control.calls(self.register.name).get("row", 0)


def test_a_step_that_was_switched_off_by_hand_is_named_until_it_is_on_again(register):
    register.apply()
    watch = Watch(register)
    answer, requests = watch.ask()
    assert (answer.health, requests) == ("ok", 2)
    key = next(
        row["sdkmessageprocessingstepid"]
        for row in register.web.get("sdkmessageprocessingsteps")["value"]
        if row["name"] == STEP
    )
    row = f"sdkmessageprocessingsteps({key})"
    assert register.web.patch(row, {"statecode": 1, "statuscode": 2}).status_code == 204
    held = watch._requests()
    assert (watch.ask()[0].health, watch._requests()) == ("ok", held)
    watch.past = None  # its hour is over
    answer, requests = watch.ask()
    assert (answer.health, answer.code, requests) == ("bad", "RegistrationDrifted", 2)
    [failed] = answer.failed
    assert (failed.type, failed.id, failed.code) == (STEP, key, "update")
    assert f"{STEP}: it was switched off" in answer.message
    assert answer.hint.startswith(f"fno-link register plan {register.name} ")
    assert watch.ask()[0].health == "bad"
    assert register.web.patch(row, {"statecode": 0, "statuscode": 1}).status_code == 204
    assert watch.ask()[0].health == "ok"


def test_a_right_that_was_taken_away_is_unknown_with_what_to_do(register):
    register.apply()
    watch, dynamics = Watch(register), register.dynamics
    for privilege in ("prvReadServiceEndpoint", "prvReadSdkMessageProcessingStep"):
        dynamics.control.deny(register.name, dynamics.client_id, privilege)
        watch.past = None
        answer, _ = watch.ask()
        assert (answer.health, answer.code, answer.hint) == ("unknown", "Forbidden", RIGHTS)
        assert privilege in answer.hint
        dynamics.control.deny(register.name, dynamics.client_id)
        assert watch.ask()[0].health == "ok"


def test_a_key_of_the_app_that_is_another_is_drift_and_none_is_told(register):
    register.apply()
    watch = Watch(register)
    register.environ["CRM_KEY"] = "another-key"
    answer, _ = watch.ask()
    assert [(each.type, each.code) for each in answer.failed] == [("fno-link: crm", "rotate")]
    assert "another-key" not in repr(answer)


def test_where_the_app_has_no_key_the_rest_is_compared(register):
    register.apply()
    del register.environ["CRM_KEY"]
    watch = Watch(register)
    answer, _ = watch.ask()
    assert (answer.health, "CRM_KEY is not set" in answer.facts["notCompared"]) == ("ok", True)


def test_another_address_of_the_app_is_drift_and_one_that_is_not_known_is_not_compared(register):
    register.apply()
    watch = Watch(register)
    register.app = "https://another.azurewebsites.net"
    answer, _ = watch.ask()
    assert [(each.type, each.code) for each in answer.failed] == [("fno-link: crm", "update")]
    assert "url: https://fno-link.azurewebsites.net" in answer.message
    register.app = ""
    assert watch.ask()[0].health == "ok"
