"""What a key names: the sender's own extension before a name of another schema, and dots that are no path."""

import msgspec
import pytest

from integration.config.keys.model import Route, WebhookTarget
from integration.events.event import Event
from integration.routing.doubts import doubts
from integration.routing.keys import doubtful, parse_key
from integration.routing.readers import attribute, reader
from integration.routing.table import RouteTable
from integration.routing.templates import Template

ALIASES = {
    "eventid": "i",
    "eventtype": "t",
    "eventtime": None,
    "eventtypeversion": None,
    "cloudeventsversion": "1.0",
    "topic": None,
}
CLAIM = "http://schemas.contoso.com/claims/name"
ANNOTATION = "statuscode@OData.Community.Display.V1.FormattedValue"


def event(shape="cloud_event", **extensions):
    data = msgspec.Raw(msgspec.json.encode({"claims": {CLAIM: "A"}, "row": {ANNOTATION: "Active"}}))
    return Event(id="i", source="s", type="t", organization="o", shape=shape, extensions=extensions, data=data)


def taken(key, value, sent):
    route = Route(name="r", target="t", filters=[{"operator": "StringIn", "key": key, "values": [value]}])
    return bool(RouteTable.compile((route,)).match(sent).routes)


def test_topic_is_the_extension_that_dapr_sets():
    sent = event(topic="orders", pubsubname="messages")
    assert taken("topic", "orders", sent)
    assert taken("Topic", "ORDERS", sent)
    assert not taken("topic", "s", sent)
    assert Template.compile("{topic}", landing="plain").render(sent) == "orders"
    assert "topic" not in RouteTable.compile(()).explain(sent)


def test_topic_is_no_other_name_of_source_but_in_event_grid_s_schema():
    assert not taken("topic", "s", event())
    assert not taken("topic", "s", event("business_event"))
    assert taken("topic", "s", event("event_grid"))
    assert taken("source", "s", event("event_grid"))


@pytest.mark.parametrize(("alias", "value"), ALIASES.items())
def test_an_extension_comes_before_the_other_name_of_an_attribute(alias, value):
    assert attribute(event(), alias) == value
    assert attribute(event(**{alias: "own"}), alias) == "own"
    assert reader(parse_key(alias), "text")(event(**{alias: "Own"})) == "own"
    assert taken(alias, "own", event(**{alias: "own"}))
    assert taken(f"{alias}", str(value), event()) is (value is not None)


def test_a_route_on_the_other_name_of_the_type_counts_for_alerts():
    filters = [{"operator": "StringBeginsWith", "key": "eventType", "values": ["fno-link."]}]
    table = RouteTable.compile((Route(name="r", target="t", filters=filters),))
    assert table.takes_type("fno-link.integration.lost")
    assert not table.takes_type("other")


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        (f"data.claims.{CLAIM}", f'data.claims["{CLAIM}"]'),
        (f"data.row.{ANNOTATION}", f'data.row["{ANNOTATION}"]'),
        ("data.@odata.etag", 'data["@odata.etag"]'),
        ('data["a.b"].http://x.y/z', 'data["a.b"]["http://x.y/z"]'),
        ('data.urn:a.b["c"].d', 'data["urn:a.b"].c.d'),
        ("data.target.creditlimit", ""),
        ('data.claims["http://schemas.contoso.com/claims/name"]', ""),
        ("data.claims['http://schemas.contoso.com/claims/name'].x", ""),
        ("data.Work order GUID", ""),
        ("data.a/b", ""),
        ("data.x.a:b", ""),
        ("data", ""),
        ("source", ""),
    ],
)
def test_dots_that_are_no_path_are_told_with_how_to_quote_them(key, meant):
    assert doubtful(parse_key(key)) == meant
    if meant:
        assert doubtful(parse_key(meant)) == ""


def test_what_is_proposed_matches_and_what_was_written_does_not():
    for written, value in ((f"data.claims.{CLAIM}", "A"), (f"data.row.{ANNOTATION}", "Active")):
        assert not taken(written, value, event())
        assert taken(doubtful(parse_key(written)), value, event())


def test_doubts_are_found_in_groups_in_pasted_filters_and_in_templates():
    test = {"operator": "StringIn", "key": f"data.claims.{CLAIM}", "values": ["A"]}
    pasted = {"advancedFilters": [{"operatorType": "StringIn", "key": "data.@odata.etag", "values": ["1"]}]}
    routes = (
        Route(name="a", target="t", filters=[{"any": [test, {"not": test}]}]),
        Route(name="b", target="t", filter=pasted),
    )
    hook = WebhookTarget(name="t", url=f"https://a.example/{{data.claims.{CLAIM}}}")
    found = doubts(RouteTable.compile(routes).routes, {"t": hook}, file="fno-link.toml")
    assert [problem.key for problem in found] == [
        "routes[0].filters[0].any[0].key",
        "routes[0].filters[0].any[1].not.key",
        "routes[1].filter.advancedFilters[0].key",
        "targets.t.url",
    ]
    assert all('["' in problem.hint and "inside the other" in problem.message for problem in found)
