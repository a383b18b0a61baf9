"""Cards for Teams: what they say of an alert and of any other event, that they fit, and that no text is a link."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from emulation.workflows.cards import cards_of
from integration.delivery.targets.teams.card import LARGEST, message, size
from integration.delivery.targets.teams.markdown import escaped, shown
from integration.events.alerts import ALL, BY_NAME, Alert, Environment, Failed, event_of
from integration.events.event import Event

NOW = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
ENVIRONMENT = Environment(url="https://contoso.operations.dynamics.com", tenant_id="t", id="i")
MOVED = Environment(url="https://other.operations.dynamics.com", tenant_id="t", id="j")
FAILED = Failed(type="SalesOrder", id="EV-1", code="TargetUnavailable", message="erp answered 503", route="orders")
ALERT = Alert(
    organization="contoso",
    organization_url="https://contoso.crm.dynamics.com",
    subject="contoso",
    check="integration",
    incident="0123456789abcdef",
    transition="triggered",
    n=1,
    since=NOW - timedelta(days=1, hours=2, minutes=5),
    code="0x80048d0b",
    message="Dataverse says: not integrated.",
    hint="Open the environment in the admin center.",
    link=None,
    previous=ENVIRONMENT,
    page="https://app.example/api/status?incident=0123456789abcdef",
    command="fno-link doctor contoso",
)


def card_of(event):
    body = message(event)
    assert size(body) <= LARGEST
    [card] = cards_of(json.loads(body))
    return card


def texts(part):
    """Yield every text that a card shows, with whether Markdown is read in it."""
    if isinstance(part, list):
        for each in part:
            yield from texts(each)
    elif isinstance(part, dict):
        if part.get("type") in ("TextBlock", "TextRun"):
            yield part["text"], part["type"] == "TextBlock"
        if "value" in part:
            yield part["title"], True
            yield part["value"], True
        if "fallbackText" in part:
            yield part["fallbackText"], True
        for each in part.values():
            yield from texts(each)


def read(text):
    """Return what a reader of Markdown sees of a text, and the kinds of what is not plain text."""
    tokens = [inner for token in MarkdownIt("commonmark").parse(text) for inner in (token, *(token.children or ()))]
    kinds = {each.type for each in tokens} - {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    return "".join(each.content for each in tokens if each.type in ("text", "text_special")), kinds


def seen(card):
    return "\n".join(read(text)[0] if marked else text for text, marked in texts(card))


def alert(kind="fno-link.integration.lost", **changes):
    return event_of(
        kind, msgspec.structs.replace(ALERT, **changes), NOW, organization="contoso", source="https://c/fno-link"
    )


def test_an_alert_says_what_since_when_why_and_what_to_do():
    card = card_of(alert(link=MOVED, failed=(FAILED,), children=("a", "b"), facts={"days": "12"}))
    text = seen(card)
    for expected in (
        "Critical: contoso is not linked to Finance & Operations",
        "Dataverse says: not integrated.",
        "2026-02-28 12:00 UTC, for 1 d 2 h 5 min",
        "0x80048d0b",
        "other.operations.dynamics.com",
        "contoso.operations.dynamics.com",
        "Open the environment in the admin center.",
        "SalesOrder EV-1 by orders: TargetUnavailable: erp answered 503",
        "a, b",
        "12",
        "fno-link doctor contoso",
        "0123456789abcdef",
    ):
        assert expected in text
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open the page", "url": ALERT.page}]


@pytest.mark.parametrize("kind", ALL)
def test_every_type_has_a_card_whose_words_say_how_grave_it_is(kind):
    card = card_of(alert(kind))
    known = BY_NAME[kind]
    word, style = {
        "critical": ("Critical: ", "attention"),
        "warning": ("Warning: ", "warning"),
        "good": ("Resolved: ", "good"),
    }[known.severity]
    assert card["body"][0]["style"] == style
    assert seen(card["body"][0]).startswith(word)
    assert "{" not in seen(card["body"][0])


@pytest.mark.parametrize(
    ("transition", "n", "expected"),
    [
        ("reminder", 3, "It is still so: reminder 3."),
        ("escalated", 2, "step 2"),
        ("changed", 1, "The reason has changed."),
        ("flapping", 1, "It comes and goes"),
    ],
)
def test_what_comes_after_the_trigger_is_told_as_that(transition, n, expected):
    assert expected in seen(card_of(alert(transition=transition, n=n)))


def test_without_a_page_there_is_no_button_and_nothing_but_the_web_is_opened():
    assert "actions" not in card_of(alert(page=""))
    assert "actions" not in card_of(alert(page="javascript:alert(1)"))


def test_any_other_event_is_a_plain_card_without_its_data():
    event = Event(
        id="E*1*",
        source="https://c",
        type="Sales[Order]",
        organization="contoso",
        subject="a",
        data=msgspec.Raw(b'{"iban":"DE1"}'),
    )
    card = card_of(event)
    text = seen(card)
    for expected in ("Sales[Order]", "E*1*", "contoso", "https://c"):
        assert expected in text
    assert "DE1" not in json.dumps(card)
    foreign = Event(id="1", source="s", type="fno-link.integration.lost", organization="contoso")
    assert "Critical" not in seen(card_of(foreign)), "only our own alerts are shown as such"


def test_an_alert_that_an_older_version_wrote_is_still_told():
    data = {
        "organization": "contoso",
        "incident": "i",
        "since": "2026-03-01T12:00:00Z",
        "code": "C",
        "message": "m",
        "hint": "h",
    }
    event = Event(
        id="i:integration.lost",
        source="s",
        type="fno-link.integration.lost",
        organization="contoso",
        subject="contoso",
        shape="alert",
        time=NOW,
        data=msgspec.Raw(msgspec.json.encode({**data, "link": None, "previous": None})),
    )
    assert "Critical: contoso is not linked" in seen(card_of(event))


HOSTILE = (
    "[click](https://evil.example) ![i](https://evil.example/i.png) <https://evil.example> <at>everyone</at> "
    "**bold** _i_ `code` # head\n- item\n1. one\r\n> quote {{DATE(2017-02-14T06:08:00Z,SHORT)}} "
    "\u202e\x1b[2J &lt;b&gt; ~~gone~~"
)


@pytest.mark.parametrize(
    "text", [HOSTILE, "- item", "1. one", "+ x", "# h", "> q", "a\n\n- b", "    code", "* * *", "---"]
)
def test_what_comes_from_outside_is_shown_and_never_read(text):
    failed = Failed(type=text, id=text, code=text, message=text)
    told = {"message": text, "hint": text, "code": text, "command": text, "organization": text, "subject": "x"}
    event = alert(**told, children=(text,), failed=(failed,), facts={text: text})
    other = Event(id=text, source=text, type=text, organization=text, subject=text)
    for card in (card_of(event), card_of(other)):
        for each, marked in texts(card):
            assert each.isprintable()
            assert "{{" not in each
            if marked:
                assert read(each)[1] == set(), each


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=()), max_size=80)
    | st.text("[]()<>*_`#-+.1 \\!{}&:@/|~a", max_size=40)
)
def test_markdown_shows_an_escaped_text_as_it_is(text):
    expected = shown(text, 200)
    got, kinds = read(escaped(text, 200))
    assert kinds == set()
    assert got.split() == expected.split()


@pytest.mark.parametrize("filling", ["x", "ü", "漢", "😀", '"', "\\", "\x00", "*", "</at>", "{{", "\ud800"])
def test_a_card_fits_whatever_it_is_about(filling):
    long = filling * 5000
    failed = (Failed(type=long, id=long, code=long, message=long),) * 500
    facts = {f"{i}{long}": long for i in range(200)}
    told = {"message": long, "hint": long, "code": long, "command": long, "page": f"https://app.example/{long}"}
    event = alert(**told, children=(long,) * 500, failed=failed, facts=facts, transition="reminder")
    card = card_of(event)
    assert "What to do" in seen(card)
    card_of(Event(id=long, source=long, type=long, organization=long, subject=long))
