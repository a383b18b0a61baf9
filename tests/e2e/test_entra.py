"""Programs with a token that the real msal got: let in by role, shown their organizations alone, refused alike."""

import base64
import json

import pytest

from tests.e2e.stage import business_event, until
from tests.e2e.topology import NOBODY, OPERATOR, PORTAL, home


@pytest.fixture
def token(stage):
    return stage.token


@pytest.fixture
def ask(stage):
    def send(token, path, method="GET", body=None, **headers):
        shown = {"authorization": f"Bearer {token}"} if token else {}
        return stage.http.request(method, f"{stage.host.url}/api/{path}", json=body, headers=shown | headers)

    return send


def test_a_client_has_its_link_by_its_token(token, ask):
    portal = token(PORTAL)
    answer = ask(portal, "entra/organizations/contoso/link")
    assert (answer.status_code, answer.json()["url"]) == (200, home("contoso"))
    again = ask(portal, "entra/organizations/contoso/link", **{"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_others_are_not_there_for_it(stage, token, ask):
    portal, operator = token(PORTAL), token(OPERATOR)
    assert [each["name"] for each in ask(portal, "entra/organizations").json()["organizations"]] == ["contoso"]
    assert len(ask(operator, "entra/organizations").json()["organizations"]) > 1
    hidden, unknown = (ask(portal, f"entra/organizations/{name}/link") for name in ("watched", "nowhere"))
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.text.replace("watched", "nowhere") == unknown.text
    sent = business_event("ArchiveBusinessEvent")
    assert stage.post("asked", sent).status_code == 202
    until(lambda: ask(operator, f"entra/events/{sent['EventId']}").status_code == 200)
    assert ask(portal, f"entra/events/{sent['EventId']}").status_code == 404
    assert ask(portal, f"entra/events/{sent['EventId']}?organization=asked").status_code == 404
    listed = ask(portal, "entra/events").json()["events"]
    assert {each["organization"] for each in listed} <= {"contoso"}


@pytest.mark.parametrize(
    "path",
    [
        "dead-letters", "parked", "incidents", "maintenance", "control-numbers", "health/details",
        "status?format=json", "status/badges/contoso",
    ],
)  # fmt: skip
def test_what_is_shown_names_no_other_organization(token, ask, path):
    answer = ask(token(PORTAL), f"entra/{path}")
    assert answer.status_code in {200, 503}
    # ("asked" is also a word of the status.)
    assert not {"watched", "parking", "moving"} & set(answer.text.replace('"', " ").split())


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("dead-letters/replay", lambda name: {"filter": {"organization": name}}),
        ("dead-letters/purge", lambda name: {"filter": {"organization": name}}),
        ("parked/release", lambda name: {"organization": name}),
        ("maintenance", lambda name: {"organization": name, "for": "1h", "by": "portal"}),
    ],
)
def test_nothing_is_ordered_of_others(token, ask, path, order):
    portal = token(PORTAL)
    hidden, unknown = (ask(portal, f"entra/{path}", "POST", order(name)) for name in ("watched", "nowhere"))
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.text.replace("watched", "nowhere") == unknown.text


@pytest.mark.parametrize("path", ["events", "dead-letters", "parked", "control-numbers"])
def test_lists_of_others_are_empty_as_those_of_nobody(token, ask, path):
    portal = token(PORTAL)
    hidden, unknown = (ask(portal, f"entra/{path}?organization={name}") for name in ("asked", "nowhere"))
    assert (hidden.status_code, hidden.text) == (unknown.status_code, unknown.text)
    assert hidden.status_code == 200


def test_nobody_calls_a_maintenance_of_all_but_who_sees_all(token, ask):
    answer = ask(token(PORTAL), "entra/maintenance", "POST", {"all": True, "for": "1h", "by": "portal"})
    assert answer.status_code == 403


def test_who_is_refused_learns_nothing(stage, token, ask):
    without, nothing, garbage = (ask(shown, "entra/organizations") for shown in (token(NOBODY), "", "a.b.c"))
    assert (without.status_code, nothing.status_code, garbage.status_code) == (403, 401, 401)
    assert nothing.text == garbage.text
    assert nothing.headers["www-authenticate"] == garbage.headers["www-authenticate"] == "Bearer"
    # Its token opens nothing that asks for a key, and a key nothing that asks for a token.
    assert ask(token(PORTAL), "organizations").status_code == 401
    assert ask("", "entra/organizations", **{"x-functions-key": stage.host.master_key}).status_code == 401
    assert ask(token(OPERATOR), "entra/events/contoso", "POST", {}).status_code == 404


def test_headers_of_app_service_are_nobodys_where_it_does_not_stand_before_us(ask):
    claims = [{"typ": "appid", "val": OPERATOR}, {"typ": "roles", "val": "link.read"}]
    principal = base64.b64encode(json.dumps({"auth_typ": "aad", "claims": claims}).encode()).decode()
    answer = ask("", "entra/organizations", **{"x-ms-client-principal": principal})
    assert answer.status_code == 401


def test_a_job_is_found_where_the_answer_says(token, ask):
    portal = token(PORTAL)
    ordered = ask(portal, "entra/dead-letters/replay", "POST", {"filter": {"reason": "Never"}, "all": False})
    assert ordered.status_code == 202
    place = ordered.headers["location"]
    assert place.startswith("/api/entra/dead-letters/jobs/")
    assert ask(portal, place.removeprefix("/api/")).json()["filter"]["organization"] == "contoso"
