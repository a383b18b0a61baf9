"""Templates are filled from the event and its link; what cannot be is named, and no value changes host or path."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integration.errors import ConfigurationError, TemplateField
from integration.events.event import Event
from integration.links.values import Linked
from integration.routing.templates import Template

LINK = Linked(
    url="https://contoso.operations.dynamics.com",
    tenant_id="7e1f0b52-0000-0000-0000-000000000000",
    id="env-1",
    trusted=True,
    checked_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def event(data: Any = None, **attributes: Any) -> Event:
    raw = msgspec.Raw(msgspec.json.encode(data)) if data is not None else msgspec.Raw()
    fields: dict[str, Any] = {"id": "e-1", "source": "https://x", "type": "Order", "organization": "contoso"}
    return Event(**{**fields, **attributes}, data=raw)


def render(text: str, data: Any = None, landing: Any = "plain", **attributes: Any) -> str:
    return Template.compile(text, landing=landing).render(event(data, **attributes), LINK)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("{data.A}", "x y"),
        ("{data.Order.Id}/{type}", "SO-1/Order"),
        ("{data['a.b']}", "dotted"),
        ('{data["a}b"]}', "brace"),
        ("{data.Work order GUID}", "g"),
        ("{data.Whole} {data.Zero} {data.Amount} {data.Big}", "5 0.0 1250.5 5637611099"),
        ("{data.Yes} {data.No}", "true false"),
        ("{id}-{organization}-{LegalEntity}", "e-1-contoso-usmf"),
        ("{eventType}", "Order"),
        ("{extension.com1}", "7"),
        ("{time}", "2026-01-01T10:00:00Z"),
        (
            "{link.url} {link.host} {link.id}",
            "https://contoso.operations.dynamics.com contoso.operations.dynamics.com env-1",
        ),
        ("{{{data.A}}} {{data.A}}", "{x y} {data.A}"),
        ("no field", "no field"),
        ("", ""),
    ],
)
def test_a_template_is_filled_from_the_event_and_its_link(text, rendered):
    data = {"A": "x y", "Order": {"Id": "SO-1"}, "a.b": "dotted", "a}b": "brace", "Work order GUID": "g"}
    data |= {"Whole": 5, "Zero": 0.0, "Amount": 1250.5, "Big": 5637611099, "Yes": True, "No": False}
    time = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert render(text, data, time=time, extensions={"legalentity": "usmf", "com1": 7}) == rendered


@pytest.mark.parametrize(
    ("text", "landing", "words"),
    [
        ("{dta.A}", "plain", "did you mean"),
        ("{link.tenant}", "plain", "did you mean link.tenant_id?"),
        ("{link}", "plain", "a link does not have"),
        ("{colour}", "plain", "unknown field"),
        ("{}", "plain", "does not begin"),
        ("{data.}", "plain", "from character 5"),
        ("a } b", "plain", "stray } at character 3"),
        ("a {data.A", "plain", "stray { at character 3"),
        ("https://{data.Host}/x", "url", "in its host"),
        ("https://a.example{data.Path}", "url", "in its host"),
        ('https://a{data["x/y"]}.example/', "url", "in its host"),
        ("{link.url}/x", "url", "in its host"),
        ("{data.Scheme}://a.example/", "url", "in its host"),
        ("https://a.example/../{data.A}", "url", "segment of dots"),
        ("/a/%2e%2E/{data.A}", "url_path", "segment of dots"),
    ],
)
def test_a_wrong_template_is_refused_at_load(text, landing, words):
    with pytest.raises(ConfigurationError) as caught:
        Template.compile(text, landing=landing, key="targets.orders.url", file="fno-link.toml")
    (problem,) = caught.value.problems
    assert (problem.key, problem.file) == ("targets.orders.url", "fno-link.toml")
    assert words in f"{problem.message} {problem.hint}"


def test_all_problems_of_a_template_are_reported_at_once():
    with pytest.raises(ConfigurationError) as caught:
        Template.compile("{a} {b} }", landing="plain")
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("text", "data", "landing", "words"),
    [
        ("{data.B}", {"A": 1}, "plain", "data.B is missing"),
        ("{data.B}", {"B": None}, "plain", "data.B is missing"),
        ("{data.B}", None, "plain", "data.B is missing"),
        ("{data.B.C}", {"B": "x"}, "plain", "data.B.C is missing"),
        ("{subject}", {}, "plain", "subject is missing"),
        ("{data.B}", {"B": [1]}, "plain", "data.B is an array"),
        ("{data.B.C}", {"B": [{"C": 1}]}, "plain", "data.B.C is an array"),
        ("{data.B}", {"B": {}}, "plain", "data.B is an object"),
        ("{data.B}", {"B": ""}, "session", "data.B is empty"),
        ("{data.B}", {"B": ""}, "subject", "data.B is empty"),
        ("{data.B}", {"B": "a\r\nX-Evil: 1"}, "subject", "control character"),
        ("/x/{data.B}", {"B": ""}, "url_path", "data.B is empty"),
        ("/x/{data.B}/y", {"B": ".."}, "url_path", "segment of dots"),
        ("/x/{data.B}", {"B": "."}, "url_path", "segment of dots"),
        ("/x/.{data.B}", {"B": "."}, "url_path", "segment of dots"),
        ("https://a.example/{data.B}{data.B}?q", {"B": "."}, "url", "segment of dots"),
    ],
)
def test_a_field_that_cannot_be_filled_is_named(text, data, landing, words):
    with pytest.raises(TemplateField, match=words.replace(".", r"\.")):
        render(text, data, landing)


def test_half_a_character_is_no_text_to_send():
    template = Template.compile("{data.B}", landing="plain")
    one = event({"B": 1})
    vars(one)["payload"] = {"B": "\ud800"}
    with pytest.raises(TemplateField, match="surrogate"):
        template.render(one)


def test_a_field_of_the_link_is_missing_until_the_link_is_known():
    template = Template.compile("{link.url}", landing="plain")
    assert template.needs_link
    assert Template.compile("{fnoid}", landing="plain").needs_link
    assert not Template.compile("{data.A}", landing="plain").needs_link
    with pytest.raises(TemplateField, match=r"link\.url is missing"):
        template.render(event())
    stamped = event(extensions={"fnourl": LINK.url, "fnoid": LINK.id, "fnotenantid": LINK.tenant_id})
    every = Template.compile("{link.url} {link.host} {link.id} {link.tenant_id}", landing="plain")
    assert every.render(stamped) == every.render(event(), LINK)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("a/b", "a%2Fb"),
        ("...\\..x\\x", "...%5C..x%5Cx"),
        ("%2F...", "%252F..."),
        ("a?b#c", "a%3Fb%23c"),
        ("@evil.example", "%40evil.example"),
        ("a\r\nb", "a%0D%0Ab"),
        ("Zürich", "Z%C3%BCrich"),
        ("a b+c", "a%20b%2Bc"),
        ("／．", "%EF%BC%8F%EF%BC%8E"),
    ],
)
def test_a_value_in_a_path_or_query_is_percent_encoded(value, encoded):
    assert render("/x/{data.A}/y", {"A": value}, "url_path") == f"/x/{encoded}/y"
    url = render("https://a.example/{data.A}?q={data.A}", {"A": value}, "url")
    assert url == f"https://a.example/{encoded}?q={encoded}"


@pytest.mark.parametrize(
    "value",
    [
        "..",
        "a/../../b",
        "../b",
        "a/..",
        "..\\..\\b",
        "a\\..",
        "%2e%2e",
        "a%2F..%2Fb",
        "a%5C..%5Cb",
        "a%252F%252e%252e%252Fb",
        "a%25252F..%25255Cb",
        "%" + "25" * 40 + "2e%2e",
        "./b",
        "a/./b",
        "..;x=y/b",
        " ../b",
        "../\x00",
    ],
)
def test_a_value_that_some_server_decodes_to_dots_is_refused(value):
    for landing, text in (("url_path", "/x/{data.A}/y"), ("url", "https://a.example/{data.A}?q=1")):
        with pytest.raises(TemplateField, match="segment of dots"):
            render(text, {"A": value}, landing)
    assert render("https://a.example/?q={data.A}", {"A": value}, "url")


@pytest.mark.parametrize("value", ["...", "a..b", "v1.2", ".hidden", "a/..b", "1%2E5", "50%", "%zz", "x.;y"])
def test_dots_that_make_no_segment_of_their_own_pass(value):
    assert render("/x/{data.A}/y", {"A": value}, "url_path")


# Decoding leaves no unpaired surrogate in an event's data.
hostile = st.text(
    st.sampled_from("./\\%2FfeE?#@:&=+; \r\n\t\0aé／．") | st.characters(exclude_categories=("Cs",)),
    min_size=1,
    max_size=12,
)


@given(hostile, hostile)
@example("..", "x")
@example(".", ".")
@example("%2e%2e", "/")
@example("\\\\evil.example", "//evil.example")
@example(".\\", "0")
def test_a_field_never_changes_the_host_nor_the_number_of_segments(first, second):
    template = Template.compile("https://a.example/api/{data.A}-{data.A}/{data.B}/end?x={data.B}", landing="url")
    try:
        url = template.render(event({"A": first, "B": second}))
    except TemplateField:
        assert "." in first + second
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("https", "a.example")
    assert [unquote(part) for part in parts.path.split("/")] == ["", "api", f"{first}-{first}", second, "end"]
    assert unquote(parts.query) == f"x={second}"
    seen = httpx.URL(url)
    assert seen.host == "a.example"
    assert seen.raw_path.decode().partition("?")[0].count("/") == 4


@given(hostile)
def test_a_value_in_a_header_is_printable_and_reads_back(value):
    try:
        rendered = render("{data.A}", {"A": value}, "header")
    except (TemplateField, UnicodeEncodeError):
        return
    assert all("!" <= each <= "~" for each in rendered)
    assert unquote(rendered) == value
