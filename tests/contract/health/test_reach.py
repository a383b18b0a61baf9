"""The linked environment: who refuses us is told from who does not answer, and from a page for people."""

import pytest

from integration.health.probes.remembered import Remembered
from tests.contract.health.worlds import configured, world


async def reach(dynamics, emulated, **more):
    organization = configured(emulated)
    async with world(dynamics, organization, **more) as opened:
        return (await opened.probe.ask(organization))["finance_operations"]


@pytest.mark.parametrize(
    ("fault", "health", "code", "said"),
    [
        ({"effect": "unauthorized"}, "bad", "Unauthenticated", "let this client in"),
        ({"effect": "forbidden"}, "bad", "Forbidden", "let this client in"),
        ({"effect": "sign_in"}, "bad", "Unauthenticated", "where people sign in"),
        ({"effect": "maintenance"}, "unknown", "Unreachable", "page for people (200)"),
        ({"effect": "maintenance", "status": 503}, "unknown", "Unreachable", "page for people (503)"),
        ({"effect": "maintenance", "status": 500}, "unknown", "Unreachable", "page for people (500)"),
        (
            {"effect": "answer", "status": 302, "headers": {"Location": "https://status.example.com/"}},
            "unknown",
            "UnexpectedAnswer",
            "status.example.com",
        ),
        ({"effect": "answer", "status": 307, "headers": {"Location": "/app"}}, "unknown", "UnexpectedAnswer", "itself"),
        ({"effect": "throttled"}, "unknown", "Throttled", "slow down"),
        ({"effect": "unavailable"}, "unknown", "Unreachable", "not available (503)"),
        ({"effect": "refused"}, "unknown", "UnexpectedAnswer", "500"),
        ({"effect": "not_found"}, "unknown", "UnexpectedAnswer", "404"),
        ({"effect": "malformed_json"}, "unknown", "UnexpectedAnswer", "not OData"),
        ({"effect": "answer", "body": "[]"}, "unknown", "UnexpectedAnswer", "not OData"),
        ({"effect": "unreachable"}, "unknown", "Unreachable", "could not be reached"),
        ({"effect": "reset"}, "unknown", "Unreachable", "could not be reached"),
        ({"effect": "wrong_certificate"}, "unknown", "Unreachable", "not trusted here"),
    ],
    ids=lambda value: "-".join(map(str, list(value.values())[:2])) if isinstance(value, dict) else None,
)
async def test_each_way_not_to_answer_is_told(dynamics, fault, health, code, said):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, kind="fno", **fault)
    answer = await reach(dynamics, emulated)
    assert (answer.health, answer.code) == (health, code)
    assert said in answer.message
    assert answer.facts["environment"] == f"https://{emulated.name}.operations.dynamics.com"
    assert answer.cause == ""


async def test_a_client_that_the_environment_does_not_list_is_told_where_to_list_it(dynamics):
    emulated = dynamics.organization()
    dynamics.control.set_access(dynamics.client_id, finance_operations=False)
    answer = await reach(dynamics, emulated)
    assert (answer.health, answer.code) == ("bad", "Unauthenticated")
    assert "Microsoft Entra applications" in answer.hint


async def test_no_rows_are_an_answer(dynamics):
    emulated = dynamics.organization()
    dynamics.control.break_(emulated.name, "answer", kind="fno", body='{"value": []}')
    assert (await reach(dynamics, emulated)).health == "ok"


async def test_a_maintenance_page_with_retry_after_is_waited_for(dynamics):
    emulated = dynamics.organization()
    organization = configured(emulated)
    dynamics.control.break_(emulated.name, "maintenance", kind="fno", status=503, retry_after="120", times=1)
    async with world(dynamics, organization) as opened:
        failed = (await opened.probe.ask(organization))["finance_operations"]
        past = {"finance_operations": Remembered(failed, opened.clock.now())}
        assert (await opened.probe.ask(organization, past=past))["finance_operations"].code == "Unreachable"
    assert dynamics.control.calls(emulated.name)["fno"] == 1


async def test_that_entra_gives_no_token_for_it_is_no_fault_of_the_environment(dynamics):
    emulated = dynamics.organization()
    organization = configured(emulated)
    async with world(dynamics, organization) as opened:
        await opened.probe.ask(organization)
        opened.tokens.drop(f"https://{emulated.name}.operations.dynamics.com/.default")
        dynamics.control.break_(emulated.name, "unavailable", kind="token")
        answer = (await opened.probe.ask(organization))["finance_operations"]
    assert (answer.health, answer.cause) == ("unknown", "entra:contoso.onmicrosoft.com")
    assert dynamics.control.calls(emulated.name)["fno"] == 1
