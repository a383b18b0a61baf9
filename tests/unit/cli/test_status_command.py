"""`fno-link status --app`: what the page tells, as tables or JSON."""

import json

import msgspec
import pytest

from integration.cli import frame
from tests.status_sample import troubled, well


def told(status):
    return json.loads(msgspec.json.encode(status))


@pytest.mark.parametrize(("status", "code"), [(well(), 0), (troubled(), 1)])
def test_the_level_is_the_exit_code_and_json_is_the_whole_answer(app, capsys, status, code):
    app.answers = [(200, told(status))] * 2
    assert frame.run(["status", "--app", app.url]) == code
    capsys.readouterr()
    assert frame.run(["status", "--app", app.url, "--json"]) == code
    assert json.loads(capsys.readouterr().out) == told(status)
    assert [path.partition("?")[0] for _, path, _, _ in app.asked] == ["/api/status"] * 2
    assert all("format=json" in path and key == "a key" for _, path, key, _ in app.asked)


def test_the_five_numbers_and_what_is_ill_are_printed(app, capsys):
    app.answers = [(200, told(msgspec.structs.replace(troubled(), following="abc", notes=("the circuits: away",))))]
    assert frame.run(["status", "--app", app.url, "--limit", "2", "--after", "x"]) == 1
    said = capsys.readouterr()
    for each in (
        "42: NotLinked 42",
        "TargetRejected 3",
        "invoices",
        "2 of 3",
        "9f2c4e1b7a605d38",
        "dead-letters replay",
    ):
        assert each in said.out
    assert "more: --after abc" in said.err
    assert "the circuits: away" in said.err
    assert "limit=2" in app.asked[0][1]
    assert "after=x" in app.asked[0][1]


def test_something_that_is_no_status_is_refused(app, capsys):
    app.answers = [(200, {"what": 1})]
    assert frame.run(["status", "--app", app.url]) != 0
    assert "AppRefused" in capsys.readouterr().err
