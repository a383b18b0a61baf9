"""`fno-link events` against a played app: listings to their end, one shown, replays followed, purges confirmed."""

import json

from integration.cli import frame

EVENT = {
    "id": "e1",
    "key": "a" * 64,
    "organization": "contoso",
    "type": "Order",
    "state": "dead_lettered",
    "reason": "",
    "acceptedAt": "2026-01-02T03:04:05Z",
    "deliveries": [{"route": "orders", "target": "out", "state": "dead_lettered", "status": 500, "deadLetter": "Zg"}],
}


def test_a_listing_goes_on_until_it_has_what_was_asked_for(app, capsys):
    app.answers = [
        (200, {"events": [EVENT], "next": "t1"}),
        (200, {"events": [], "next": "t2"}),
        (200, {"events": [EVENT, EVENT], "next": "t3"}),
    ]
    arguments = ["events", "list", "--legal-entity", "usmf", "--limit", "3", "--app", app.url]
    assert frame.run(arguments) == 0
    assert [path for _, path, _, _ in app.asked] == [
        "/api/events?legalEntity=usmf&limit=3",
        "/api/events?legalEntity=usmf&limit=2&after=t1",
        "/api/events?legalEntity=usmf&limit=2&after=t2",
    ]
    said = capsys.readouterr()
    assert said.out.count("orders: dead_lettered") == 3
    assert "--after t3" in said.err


def test_a_listing_ends_where_there_are_no_more(app, capsys):
    app.answers = [(200, {"events": [EVENT], "next": None})]
    assert frame.run(["events", "list", "--app", app.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"events": [EVENT], "next": None}


def test_one_is_shown_with_its_deliveries_and_where_its_dead_letter_lies(app, capsys):
    app.answers = [(200, EVENT)]
    assert frame.run(["events", "show", "e1", "--organization", "contoso", "--app", app.url]) == 0
    assert app.asked == [("GET", "/api/events/e1?organization=contoso", "a key", None)]
    out = capsys.readouterr().out
    assert "dead_lettered" in out
    assert out.splitlines()[-1].endswith("Zg")


def test_an_id_that_cannot_stand_in_a_path_is_asked_for_by_its_key(app, capsys):
    app.answers = [(200, {"events": [], "next": "n"}), (200, {"events": [EVENT], "next": None}), (200, EVENT)]
    assert frame.run(["events", "show", "shop/1 2", "--app", app.url, "--json"]) == 0
    assert [path for _, path, _, _ in app.asked] == [
        "/api/events?id=shop%2F1+2",
        "/api/events?id=shop%2F1+2&after=n",
        f"/api/events/{'a' * 64}",
    ]
    app.answers = [(200, {"events": [], "next": None})]
    assert frame.run(["events", "show", "a/b", "--app", app.url]) == 2
    app.answers = [(200, {"events": [EVENT, EVENT | {"key": "b" * 64}], "next": None})]
    assert frame.run(["events", "show", "a/b", "--app", app.url]) == 2
    assert "b" * 64 in capsys.readouterr().err


def test_the_event_itself_is_shown_only_when_it_is_asked_for(app, capsys):
    app.answers = [(200, {"events": [EVENT], "next": None}), (200, EVENT | {"payload": {"data": {"Lines": 3}}})]
    assert frame.run(["events", "show", "shop/1", "--payload", "--app", app.url]) == 0
    assert [path for _, path, _, _ in app.asked] == ["/api/events?id=shop%2F1", f"/api/events/{'a' * 64}?payload=true"]
    assert '"Lines": 3' in capsys.readouterr().out
    app.answers = [(200, EVENT | {"payload": None})]
    assert frame.run(["events", "show", "e1", "--payload", "--app", app.url]) == 0
    assert "the payload was not kept" in capsys.readouterr().out
    app.answers = [(200, EVENT)]
    assert frame.run(["events", "show", "e1", "--app", app.url]) == 0
    assert "payload" not in capsys.readouterr().out


def test_the_replay_of_an_event_itself_is_ordered_and_not_followed(app, capsys):
    ordered = {"event": "a" * 64, "organization": "contoso", "replay": 2, "state": "ordered"}
    app.answers = [(202, ordered)]
    assert frame.run(["events", "replay", "e1", "--app", app.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == ordered
    app.answers = [(202, ordered)]
    assert frame.run(["events", "replay", "e1", "--app", app.url]) == 0
    assert f"replay 2 of the event {'a' * 64} is ordered" in capsys.readouterr().out
    assert [path for _, path, _, _ in app.asked] == ["/api/events/e1/replay"] * 2  # nothing is asked of a job


def test_an_app_that_knows_no_such_event_refuses(app, capsys):
    app.answers = [(404, {"code": "UnknownEvent", "detail": "no event e2"})]
    assert frame.run(["events", "show", "e2", "--app", app.url, "--json"]) == 1
    assert "UnknownEvent" in capsys.readouterr().err


def test_a_replay_is_ordered_and_followed(app, capsys):
    job = {"id": "1" * 32, "kind": "replay", "state": "done", "counts": {"delivered": 1}}
    app.answers = [(202, job)]
    assert frame.run(["events", "replay", "e1", "--organization", "contoso", "--app", app.url, "--json"]) == 0
    assert app.asked == [("POST", "/api/events/e1/replay?organization=contoso", "a key", {})]
    assert json.loads(capsys.readouterr().out) == job
    app.answers = [(202, job | {"counts": {"deadLettered": 1}})]
    assert frame.run(["events", "replay", "e1", "--app", app.url]) == 1
    app.answers = [(409, {"code": "PayloadNotKept", "detail": "no dead letter"})]
    assert frame.run(["events", "replay", "e1", "--app", app.url]) == 1
    assert "PayloadNotKept" in capsys.readouterr().err


def test_a_purge_counts_to_the_end_first_and_is_not_made_without_a_yes(app, capsys, monkeypatch):
    counts = [
        (200, {"dryRun": True, "matching": 2, "kept": 1, "next": "t"}),
        (200, {"dryRun": True, "matching": 3, "kept": 0, "next": None}),
    ]
    app.answers = [*counts]
    monkeypatch.setattr("click.confirm", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    assert frame.run(["events", "purge", "--organization", "contoso", "--app", app.url]) == 130
    assert [(method, path) for method, path, _, _ in app.asked] == [
        ("DELETE", "/api/events?organization=contoso&dryRun=true"),
        ("DELETE", "/api/events?organization=contoso&dryRun=true&after=t"),
    ]
    app.answers = [*counts, (200, {"dryRun": False, "purged": 5, "kept": 1, "next": None})]
    assert frame.run(["events", "purge", "--organization", "contoso", "--yes", "--app", app.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"dryRun": False, "purged": 5, "kept": 1}
    app.answers = [*counts]
    assert frame.run(["events", "purge", "--organization", "contoso", "--app", app.url, "--json"]) == 2
    app.answers = [*counts]
    assert frame.run(["events", "purge", "--all", "--dry-run", "--app", app.url]) == 0
    assert app.asked[-1][1] == "/api/events?all=true&dryRun=true&after=t"
    assert "matching: 5" in capsys.readouterr().out
