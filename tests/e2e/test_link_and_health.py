"""What client apps and operators see: the link, health, and the alerts."""

import json

import pytest

from tests.e2e.stage import until
from tests.e2e.topology import home

ELSEWHERE = "https://watched-new.operations.dynamics.com"


def refresh(stage, name):
    url = f"{stage.host.url}/api/organizations/{name}/link/refresh"
    return stage.http.post(url, headers={"x-functions-key": stage.host.key})


@pytest.fixture
def asked(stage):
    yield stage
    stage.control.heal("asked")
    stage.control.link("asked", home("asked"))
    until(lambda: refresh(stage, "asked").status_code == 200)


def test_the_organizations_are_listed(stage):
    listed = stage.get("organizations").json()["organizations"]
    assert {"name": "asked", "url": "https://asked.crm.dynamics.com", "cloud": "public"} in listed
    assert len(listed) == 6


def test_a_linked_organization_is_answered_with_its_environment_and_a_tag(asked):
    answer = asked.get("organizations/asked/link")
    assert answer.status_code == 200
    content = answer.json()
    assert (content["state"], content["url"], content["trusted"]) == ("linked", home("asked"), True)
    assert content["stale"] is False
    tag = answer.headers["etag"]
    assert answer.headers["cache-control"].startswith("private, max-age=")
    again = asked.get("organizations/asked/link", If_None_Match=tag)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    asked.control.relink("asked", "https://asked-new.operations.dynamics.com")
    assert refresh(asked, "asked").json()["url"] == "https://asked-new.operations.dynamics.com"
    assert asked.get("organizations/asked/link", If_None_Match=tag).status_code == 200


def test_not_linked_is_an_answer_and_not_an_error(asked):
    asked.control.unlink("asked")
    assert refresh(asked, "asked").status_code == 200
    content = asked.get("organizations/asked/link").json()
    assert (content["state"], content["code"]) == ("not_linked", "0x80048d0b")


def test_an_unknown_name_is_404_and_no_key_401(stage):
    for path in ("organizations/nobody/link", "organizations/..%2f..%2f/link", "organizations/%00/link"):
        answer = stage.get(path)
        assert answer.status_code == 404
    assert stage.get("organizations/nobody/link").json()["code"] == "UnknownOrganization"
    assert refresh(stage, "nobody").status_code == 404
    assert stage.http.get(f"{stage.host.url}/api/organizations/asked/link").status_code == 401


def test_while_dataverse_throttles_a_refresh_says_so_and_the_old_answer_serves(asked):
    assert asked.get("organizations/asked/link").json()["state"] == "linked"
    asked.control.throttle("asked", 2.0)
    answer = refresh(asked, "asked")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "Throttled"
    assert 1 <= int(answer.headers["retry-after"]) <= 3
    assert asked.get("organizations/asked/link").json()["state"] == "linked"


def test_health_tells_anyone_the_status_and_key_holders_the_rest(stage):
    assert set(stage.http.get(f"{stage.host.url}/api/health").json()) == {"status"}
    assert stage.http.get(f"{stage.host.url}/api/health/details").status_code == 401
    details = stage.get("health/details")
    assert details.headers["content-type"].startswith("application/health+json")
    assert set(details.json()["checks"]) == {"contoso", "watched", "asked", "parking", "moving", "fresh"}


def alerts(stage, heard, organization="watched"):
    heard += [event for event in stage.take("operators") if event["organization"] == organization]
    return heard


def test_the_timer_notices_what_happens_to_a_link_and_the_alerts_arrive(stage):
    heard = []

    def types():
        return [event["type"].removeprefix("fno-link.integration.") for event in alerts(stage, heard)]

    stage.probe()
    until(lambda: stage.http.get(f"{stage.host.url}/api/health").json()["status"] in {"pass", "warn"})
    stage.control.unlink("watched")
    stage.probe()
    assert types() == []
    stage.probe()
    until(lambda: types() == ["lost"])
    stage.probe()
    until(lambda: stage.http.get(f"{stage.host.url}/api/health").status_code == 503)
    check = stage.get("health/details").json()["checks"]["watched"]
    assert (check["status"], check["state"], check["code"]) == ("fail", "not_linked", "0x80048d0b")
    assert check["incident"] == heard[0]["data"]["incident"]

    stage.control.link("watched", home("watched"))
    stage.probe()
    stage.probe()
    until(lambda: types() == ["lost", "restored"])
    assert heard[1]["data"]["incident"] == heard[0]["data"]["incident"]
    stage.control.relink("watched", ELSEWHERE)
    stage.probe()
    until(lambda: types() == ["lost", "restored", "relinked"])
    assert heard[2]["data"]["previous"]["url"] == home("watched")
    assert heard[2]["data"]["link"]["url"] == ELSEWHERE

    stage.control.break_("watched", "unreachable")
    stage.control.break_("watched", "reset")
    stage.probe()
    stage.probe()
    until(lambda: types() == ["lost", "restored", "relinked", "unreachable"])
    assert heard[3]["data"]["code"] == "Unreachable"
    stage.control.heal("watched")
    until(lambda: stage.probe() or types()[-1] == "restored")
    assert types() == ["lost", "restored", "relinked", "unreachable", "restored"]
    assert "fno-link.integration.lost: watched" in stage.host.log
    until(lambda: stage.http.get(f"{stage.host.url}/api/health").json()["status"] in {"pass", "warn"})
    assert json.dumps(heard).count(ELSEWHERE) >= 2


def test_a_page_of_an_allowed_origin_reads_answers_and_no_other_does(stage):
    url, origin = f"{stage.host.url}/api/organizations/contoso/link", "https://portal.example"
    asks = {"access-control-request-method": "GET", "access-control-request-headers": "x-functions-key"}
    # A browser asks without a key, and the platform answers in the app's place.
    allowed = stage.http.options(url, headers={"origin": origin, **asks})
    assert (allowed.status_code, allowed.content) == (204, b"")
    told = [allowed.headers[f"access-control-allow-{name}"] for name in ("origin", "methods", "headers")]
    assert told == [origin, "GET", "x-functions-key"]
    foreign = stage.http.options(url, headers={"origin": "https://elsewhere.example", **asks})
    assert foreign.status_code == 204
    assert not [name for name in foreign.headers if name.startswith("access-control-")]
    answer = stage.get("organizations/contoso/link", origin=origin)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, origin)
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    # A refusal can be read, too; an answer to nobody's page says nothing of origins.
    assert stage.http.get(url, headers={"origin": origin}).headers["access-control-allow-origin"] == origin
    assert not [name for name in stage.get("organizations").headers if name.startswith("access-control-")]


def test_the_handshake_of_cloud_events_is_no_preflight(stage):
    url = f"{stage.host.url}/api/events/contoso"
    asks = {"webhook-request-origin": "eventgrid.azure.net", "x-functions-key": stage.host.key}
    for more in ({}, {"origin": "https://portal.example"}, {"origin": "https://elsewhere.example"}):
        answer = stage.http.options(url, headers=asks | more)
        assert (answer.status_code, answer.headers["webhook-allowed-origin"]) == (200, "eventgrid.azure.net")
