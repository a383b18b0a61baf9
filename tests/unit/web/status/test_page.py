"""The status page: everything stands in it, nothing of it is more than text, and it is small."""

import base64
import gzip
import hashlib
import re
from html.parser import HTMLParser
from typing import override

import msgspec
import pytest

from integration.web.status.html import page, policy
from tests.status_sample import HOSTILE, NOW, hostile, organization, troubled, well

STATES = {"well": well, "troubled": troubled, "hostile": hostile}


class Read(HTMLParser):
    """What a browser would make of a page, as far as these tests look."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.raw: dict[str, list[str]] = {"style": [], "script": []}
        self._inside = ""
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    @override
    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    @override
    def handle_data(self, data: str) -> None:
        if self._inside in self.raw:
            self.raw[self._inside].append(data)
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(status) -> Read:
    return Read(page(status).decode())


def test_the_five_numbers_come_first_and_say_what_they_are():
    text = " ".join(read(troubled()).text.split())
    places = [
        text.index(said)
        for said in (
            "Oldest event not delivered",
            "Parked, by reason",
            "Dead letters in 24",
            "Circuits open",
            "linked,",
        )
    ]
    assert places == sorted(places)
    assert places[-1] < text.index("Open incidents")
    for said in ("NotLinked: 42", "TargetRejected: 3", "invoices", "2 of 3", "(3 h ago)"):
        assert said in text


def test_state_stands_in_the_title_and_in_the_icon():
    for status, word, shape in ((well(), "OK", "circle"), (troubled(), "Trouble: 1 open incident", "h14v14")):
        found = page(status).decode()
        assert re.search("<title>(.*?)</title>", found).group(1).startswith(word)
        assert shape in next(each["href"] for each in Read(found).all("link"))


def test_everything_that_an_operator_needs_is_in_it():
    text = " ".join(read(troubled()).text.split())
    for said in (
        "fabrikam",
        "Not linked; last linked to fabrikam.operations.dynamics.com",
        "0x80048d0b",
        "acknowledged by Ada",
        "over 19 Oct 16:45 UTC",
        "31.0 %",
        "fno-link dead-letters replay --id contoso~TargetRejected~2026~11~28~x",
        "28 Nov 16:00",
    ):
        assert said in text
    labels = [each["aria-label"] for each in read(troubled()).all("svg")]
    assert "90 days: 3 with trouble, 84 without trouble, 3 not watched" in labels


@pytest.mark.parametrize("state", STATES)
def test_nothing_is_asked_of_anybody_else_and_nothing_runs_but_our_own(state):
    found = read(STATES[state]())
    assert not {tag for tag, _ in found.elements} & {
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "font",
        "audio",
        "video",
    }
    assert len(found.all("script")) == len(found.all("style")) == 1
    for tag, attributes in found.elements:
        assert "style" not in attributes, tag
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("href", "src", "action"):
            value = attributes.get(name) or ""
            assert not re.match(r"\s*(javascript:|data:(?!image/svg)|//|\w+://)", value), (tag, value)


def test_hostile_names_are_text_and_seen_as_what_they_are():
    found = page(hostile()).decode()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", found)
    shown = read(hostile()).text
    assert shown.count("<script>alert(1)</script>") > 20
    assert r"\u202e\x1b[2J" in shown
    assert "49" not in [each.strip() for each in shown.split("{{")], "a template was rendered in a name"
    assert HOSTILE not in found


def test_the_policy_allows_this_style_and_this_script_alone():
    found = read(troubled())
    headers = policy()
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256("".join(found.raw[kind]).encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"


def test_tables_say_what_their_cells_are_and_times_are_times():
    found = read(troubled())
    assert len(found.all("table")) == len(found.all("caption"))
    assert {each.get("scope") for each in found.all("th")} == {"col", "row"}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", each["datetime"] or "") for each in found.all("time"))
    ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_it_is_small_with_a_thousand_organizations():
    status = msgspec.structs.replace(troubled(), organizations=tuple(_many(50)), organizations_in_all=1000)
    assert len(gzip.compress(page(status))) <= 30 * 1024


def test_a_key_stands_in_hidden_fields_alone_and_in_no_link():
    found = Read(page(troubled(), key="a-secret").decode())
    carrying = [attributes for _, attributes in found.elements if "a-secret" in attributes.values()]
    assert carrying
    assert all((each["type"], each["name"]) == ("hidden", "code") for each in carrying)
    assert "a-secret" not in found.text
    assert "code=" not in page(troubled()).decode()


def test_times_ahead_are_told_as_such():
    assert "(in 5 min)" in page(well_at_five_minutes()).decode()


def well_at_five_minutes():
    return msgspec.structs.replace(well(), last_round=NOW.replace(minute=50))


def _many(count: int):
    """Organizations with names, messages and days of their own: what is alike compresses too well."""
    for number in range(count):
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        bad = [int(digest[each : each + 2], 16) % 90 for each in range(0, 20, 2)]
        yield organization(
            f"{digest[:16]}-{number}", "fail", message=digest * 2, code=digest[:8], days=_days(bad), hint=digest[8:40]
        )


def _days(bad: list[int]):
    return tuple("bad" if day in bad else "warn" if day + 1 in bad else "ok" for day in range(90))
