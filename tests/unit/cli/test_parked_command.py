"""`fno-link parked` against a played app: listing, showing, and a release that does not go on being told as bad."""

import json

import pytest

from integration.cli import frame


def test_a_listing_is_asked_of_the_app_with_its_key(app, capsys):
    app.answers = [(200, {"parked": [{"id": "x", "reason": "NotLinked"}], "next": "x"})]
    assert frame.run(["parked", "list", "--route", "orders", "--limit", "1", "--app", app.url]) == 0
    assert app.asked == [("GET", "/api/parked?limit=1&route=orders", "a key", None)]
    said = capsys.readouterr()
    assert "NotLinked" in said.out
    assert "--after x" in said.err


def test_one_is_shown(app, capsys):
    app.answers = [(200, {"id": "x", "reason": "NotLinked", "event": {"id": "e1"}})]
    assert frame.run(["parked", "show", "x", "--app", app.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["event"] == {"id": "e1"}


@pytest.mark.parametrize(("outcome", "code"), [("delivered", 0), ("deferred", 0), ("parked", 1), ("deadLettered", 1)])
def test_a_release_that_does_not_go_on_is_bad(app, outcome, code):
    app.answers = [(200, {"released": {"a": [outcome]}, "left": []})]
    assert frame.run(["parked", "release", "a", "--current-environment", "--app", app.url]) == code
    ((method, path, _, body),) = app.asked
    assert (method, path) == ("POST", "/api/parked/release")
    assert body == {"ids": ["a"], "organization": "", "currentEnvironment": True}


def test_the_release_of_an_organization_is_ordered(app, capsys):
    app.answers = [(202, {"ordered": True})]
    assert frame.run(["parked", "release", "--organization", "contoso", "--app", app.url]) == 0
    assert "ordered" in capsys.readouterr().out
