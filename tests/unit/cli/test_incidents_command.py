"""`fno-link incidents` and `fno-link maintenance` against a played app: what is asked, what is shown, how it ends."""

import pytest

from integration.cli import frame

INCIDENT = {
    "id": "0123456789abcdef",
    "subject": "contoso",
    "kind": "finance_operations",
    "state": "open",
    "openedAt": "2026-01-02T03:04:05Z",
    "told": ["alerts", "oncall"],
    "acknowledgedBy": None,
    "notices": {"triggered": 1, "reminder": 2},
    "reasons": [{"at": "2026-01-02T03:04:05Z", "code": "Unreachable", "message": "no answer"}],
}


def run(app, *arguments):
    return frame.run([*arguments, "--app", app.url])


def test_a_listing_is_asked_of_the_app_with_its_key(app, capsys):
    app.answers = [(200, {"incidents": [INCIDENT], "next": "x"})]
    filters = ["--organization", "contoso", "--kind", "link", "--state", "open", "--since", "2026-01-01T00:00:00Z"]
    assert run(app, "incidents", "list", *filters, "--limit", "1") == 0
    ((method, path, key, _),) = app.asked
    assert (method, key) == ("GET", "a key")
    assert path == "/api/incidents?limit=1&organization=contoso&kind=link&state=open&since=2026-01-01T00%3A00%3A00Z"
    said = capsys.readouterr()
    assert "finance_operations" in said.out
    assert "None" not in said.out
    assert "--after x" in said.err


def test_one_is_shown_with_its_notices_and_reasons(app, capsys):
    app.answers = [(200, INCIDENT)]
    assert run(app, "incidents", "show", "a/b") == 0
    assert app.asked[0][1] == "/api/incidents/a%2Fb"
    out = capsys.readouterr().out
    assert "told\talerts, oncall" in out
    assert "notices\t1 triggered, 2 reminder" in out
    assert "no answer" in out


def test_it_is_acknowledged_by_who_runs_the_command(app, capsys, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    app.answers = [(200, INCIDENT), (200, INCIDENT)]
    assert run(app, "incidents", "acknowledge", "x", "--note", "on it", "--json") == 0
    assert run(app, "incidents", "acknowledge", "x", "--by", "grace") == 0
    assert [each[3] for each in app.asked] == [{"by": "ada", "note": "on it"}, {"by": "grace", "note": ""}]
    assert app.asked[0][:2] == ("POST", "/api/incidents/x/acknowledge")


@pytest.mark.parametrize(
    ("options", "order"),
    [
        (["--for", "2h"], {"for": "2h", "until": None, "unmute": False}),
        (["--until", "2026-01-02T03:04:05Z"], {"for": "", "until": "2026-01-02T03:04:05Z", "unmute": False}),
        (["--unmute"], {"for": "", "until": None, "unmute": True}),
    ],
)
def test_it_is_muted_and_unmuted(app, options, order):
    app.answers = [(200, INCIDENT)]
    assert run(app, "incidents", "mute", "x", *options) == 0
    assert app.asked == [("POST", "/api/incidents/x/mute", "a key", order)]


def test_an_order_to_one_that_has_ended_is_refused(app, capsys):
    app.answers = [(409, {"code": "IncidentEnded", "detail": "it ended"})]
    assert run(app, "incidents", "acknowledge", "x") == 1
    assert "IncidentEnded" in capsys.readouterr().err


def test_maintenance_is_started_listed_and_ended(app, capsys, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    call = {"id": "m1", "until": "2026-01-02T05:04:05Z"}
    window = {"organization": "contoso", "source": "configuration", "since": "2026-01-04T02:00:00Z"}
    app.answers = [(200, call), (200, {"active": [call], "next": [window], "calls": [call]}), (200, call)]
    assert run(app, "maintenance", "start", "contoso", "--for", "2h", "--note", "upgrade") == 0
    assert run(app, "maintenance", "list") == 0
    assert run(app, "maintenance", "end", "m1") == 0
    assert [each[:2] for each in app.asked] == [
        ("POST", "/api/maintenance"),
        ("GET", "/api/maintenance"),
        ("DELETE", "/api/maintenance/m1"),
    ]
    assert app.asked[0][3] == {
        "organization": "contoso",
        "all": False,
        "for": "2h",
        "until": None,
        "by": "ada",
        "note": "upgrade",
    }
    out = capsys.readouterr().out
    assert "m1: until 2026-01-02T05:04:05Z" in out
    assert "next\tcontoso\tconfiguration" in out
