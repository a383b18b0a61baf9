"""`fno-link dead-letters` against a played app: listing, replay, purge, refusals, and a key never in the clear."""

import json

import pytest

from integration.cli import frame

JOB = {"id": "1" * 32, "kind": "replay", "state": "done", "counts": {"delivered": 2}}


def test_a_listing_is_asked_of_the_app_with_its_key(app, capsys):
    app.answers = [(200, {"deadLetters": [{"id": "x", "reason": "Poison"}], "next": "x"})]
    assert frame.run(["dead-letters", "list", "--reason", "Poison", "--app", f"{app.url}/api/", "--limit", "1"]) == 0
    assert app.asked == [("GET", "/api/dead-letters?reason=Poison&limit=1", "a key", None)]
    said = capsys.readouterr()
    assert "Poison" in said.out
    assert "--after x" in said.err


def test_a_replay_is_ordered_and_followed(app, capsys):
    app.answers = [(202, JOB | {"state": "done"})]
    assert frame.run(["dead-letters", "replay", "--route", "orders", "--app", app.url, "--json"]) == 0
    ((method, path, _, body),) = app.asked
    assert (method, path) == ("POST", "/api/dead-letters/replay")
    assert (body["filter"], body["all"], body["perSecond"]) == ({"route": "orders"}, False, 20.0)
    assert json.loads(capsys.readouterr().out) == JOB


def test_a_replay_in_which_something_fails_again_is_bad(app):
    app.answers = [(202, JOB | {"counts": {"deadLettered": 1}})]
    assert frame.run(["dead-letters", "replay", "--all", "--app", app.url, "--json"]) == 1


def test_a_purge_counts_first_and_is_not_made_without_a_yes(app, monkeypatch):
    count = {"dryRun": True, "matching": 2, "complete": True, "byReason": {"Poison": 2}}
    app.answers = [(200, count)]
    monkeypatch.setattr("click.confirm", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    assert frame.run(["dead-letters", "purge", "--all", "--app", app.url]) == 130
    assert [body["dryRun"] for *_, body in app.asked] == [True]
    app.answers = [(200, count), (202, JOB | {"kind": "purge"})]
    assert frame.run(["dead-letters", "purge", "--all", "--yes", "--app", app.url]) == 0
    assert [body["dryRun"] for *_, body in app.asked] == [True, True, False]


@pytest.mark.parametrize(("status", "code"), [(400, 1), (404, 1), (401, 1), (503, 3)])
def test_what_the_app_refuses_is_told_with_its_reason(app, capsys, status, code):
    app.answers = [(status, {"code": "InvalidRequest", "detail": "no filter", "hint": "h"})]
    assert frame.run(["dead-letters", "replay", "--app", app.url, "--json"]) == code
    assert "no filter" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://fno-link.azurewebsites.net", "http://localhost.contoso.com", "ftp://x", "x"])
def test_a_key_never_travels_in_the_clear(capsys, url):
    assert frame.run(["dead-letters", "list", "--app", url]) == 2
    assert "https" in capsys.readouterr().err


def test_an_app_that_does_not_answer_is_unknown():
    assert frame.run(["dead-letters", "list", "--app", "http://127.0.0.1:1"]) == 3
