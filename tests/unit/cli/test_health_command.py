"""`fno-link health --app`: what the app has found is shown, whatever status it comes with."""

import json

import pytest

from integration.cli import frame

DETAILS = {
    "checks": {"contoso": {"status": "fail", "state": "not_linked", "code": "0x80048d0b", "output": "not integrated"}},
    "targets": {"orders": {"status": "warn", "circuit": "open", "code": "TargetUnavailable"}},
}


@pytest.mark.parametrize(("status", "http", "code"), [("pass", 200, 0), ("warn", 200, 0), ("fail", 503, 1)])
def test_the_status_of_the_app_is_the_exit_code(app, capsys, status, http, code):
    app.media = "application/health+json"
    app.answers = [(http, DETAILS | {"status": status})] * 2
    assert frame.run(["health", "--app", app.url]) == code
    out = capsys.readouterr().out
    assert "contoso\t\tfail\t0x80048d0b\tnot integrated" in out
    assert "orders\ttarget\twarn\tTargetUnavailable" in out
    assert frame.run(["health", "--app", app.url, "--json"]) == code
    assert json.loads(capsys.readouterr().out)["status"] == status
    assert app.asked == [("GET", "/api/health/details", "a key", None)] * 2


def test_a_503_that_is_no_health_is_no_answer(app, capsys):
    app.answers = [(503, {"code": "StorageUnavailable", "detail": "away"})]
    assert frame.run(["health", "--app", app.url]) == 3
    assert "AppUnavailable" in capsys.readouterr().err


def test_a_status_that_nobody_knows_cannot_be_told(app):
    app.media = "application/health+json"
    app.answers = [(200, {"status": "sideways"})]
    assert frame.run(["health", "--app", app.url]) == 3


def test_an_app_is_shown_whole(app):
    assert frame.run(["health", "contoso", "--app", app.url]) == 2
    assert app.asked == []
