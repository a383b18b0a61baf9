"""Incidents as an Atom feed, and badges: both are well-formed whatever stands in them."""

from xml.etree import ElementTree as ET

import pytest

from integration.web.status.badge import badge
from integration.web.status.feed import feed
from tests.status_sample import HOSTILE, hostile, organization, troubled, well

PAGE = "https://fno-link.example/api/status"
ATOM = {"a": "http://www.w3.org/2005/Atom"}
SVG = {"s": "http://www.w3.org/2000/svg"}


def test_each_incident_is_an_entry_the_latest_first():
    root = ET.fromstring(feed(troubled(), PAGE))
    entries = root.findall("a:entry", ATOM)
    assert [each.findtext("a:id", "", ATOM) for each in entries] == [
        "urn:fno-link:incident:9f2c4e1b7a605d38",
        "urn:fno-link:incident:1b7a605d389f2c4e",
    ]
    assert [each.find("a:category", ATOM).get("term") for each in entries] == ["open", "over"]
    assert entries[0].findtext("a:title", "", ATOM) == "fabrikam: integration (0x80048d0b), open"
    assert entries[0].find("a:link", ATOM).get("href") == f"{PAGE}#incident-9f2c4e1b7a605d38"
    # What RFC 4287 asks of a feed, and of each entry.
    for element in (root, *entries):
        for needed in ("id", "title", "updated"):
            assert element.findtext(f"a:{needed}", "", ATOM), needed
    assert root.findtext("a:author/a:name", "", ATOM) == "fno-link"


def test_a_feed_without_incidents_is_a_feed():
    root = ET.fromstring(feed(well(), PAGE))
    assert root.findall("a:entry", ATOM) == []
    assert root.findtext("a:updated", "", ATOM) == "2026-11-28T16:45:00Z"


def test_hostile_texts_stay_texts():
    root = ET.fromstring(feed(hostile(), PAGE))
    assert "<script>alert(1)</script>" in root.findtext("a:entry/a:summary", "", ATOM)


@pytest.mark.parametrize(
    ("state", "word"), [("linked", "linked"), ("not_linked", "not linked"), ("unknown", "unknown")]
)
def test_a_badge_says_its_state_in_words(state, word):
    root = ET.fromstring(badge(organization("contoso", "warn", state=state)))
    assert root.findtext("s:title", "", SVG) == f"contoso: {word}"
    assert [each.text for each in root.findall("s:text", SVG)] == ["contoso", word]


def test_a_hostile_badge_has_no_element_of_its_own():
    root = ET.fromstring(badge(organization(HOSTILE, "fail", state=HOSTILE)))
    assert {each.tag.rpartition("}")[2] for each in root.iter()} == {"svg", "title", "rect", "text"}
