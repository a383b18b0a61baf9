"""What a page offers, and what it says of the form before: never what somebody else puts into its address."""

import re
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest

from integration.web.message import Request
from integration.web.status.actions import DONE, Done
from integration.web.status.forms import TOLD_FOR, back, offered
from integration.web.status.html import page, policy
from integration.web.status.seal import judged
from tests.status_sample import NOW, hostile, troubled, well
from tests.unit.web.status.test_page import Read

OPENED = Request(query={"code": "a key"})


def told(done: str, now=NOW) -> str:
    return offered(Request(query={"code": "a key", "done": done}), now).done


def shown(status, request=OPENED) -> str:
    return page(status, forms=offered(request, NOW)).decode()


def test_everything_that_can_be_done_has_its_words():
    assert set(get_args(Done.__value__)) == set(DONE)


def test_what_was_done_is_said_for_a_while():
    at = int(NOW.timestamp())
    assert told(f"acknowledged.{at}") == DONE["acknowledged"]
    assert told(f"acknowledged.{at}", NOW + TOLD_FOR * 0.99) == DONE["acknowledged"]
    assert told(f"acknowledged.{at}", NOW + TOLD_FOR * 1.01) == ""


@pytest.mark.parametrize(
    "done", ["", "x", ".", "acknowledged", "acknowledged.", "acknowledged.x", "<b>.1", "muted.٣", "muted." + "9" * 99]
)
def test_what_is_no_word_of_ours_is_not_said(done):
    assert told(done) == ""
    assert "<b>" not in shown(well(), Request(query={"code": "a key", "done": done}))


def test_the_way_back_is_the_address_that_the_form_came_to():
    request = Request(method="POST", query={"code": "a/key+&=", "after": "contoso", "done": "muted.1", "more": "x"})
    answer = back(request, "released", NOW)
    assert answer.status == 303
    parts = urlsplit(answer.headers["Location"])
    # No host and no path: whatever stands before the app, it is the same page.
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("", "", "", "done")
    told_back = {"code": ["a/key+&="], "after": ["contoso"], "done": [f"released.{int(NOW.timestamp())}"]}
    assert parse_qs(parts.query) == told_back


def test_a_key_that_came_as_a_header_is_not_written_into_the_address():
    answer = back(Request(method="POST", headers={"x-functions-key": "a key"}), "muted", NOW)
    assert "key" not in answer.headers["Location"]


def test_a_page_without_a_key_has_no_forms():
    assert offered(Request(), NOW) is None
    assert 'method="post"' not in page(troubled()).decode()


def test_every_form_is_sealed_and_goes_to_the_address_of_the_page():
    found = Read(shown(troubled()))
    posting = [each for each in found.all("form") if each.get("method") == "post"]
    assert len(posting) == 3  # an incident, an organization with something parked, the dead letters
    assert all("action" not in each and each["aria-label"] for each in posting)
    seals = [each["value"] for each in found.all("input") if each["name"] == "seal"]
    assert len(seals) == len(posting)
    assert {judged(each, "a key", NOW) for each in seals} == {"good"}


def test_the_key_stands_nowhere_in_the_page():
    assert "a key" not in shown(troubled())
    assert "code=" not in shown(troubled())


def test_forms_say_what_they_are_for_and_their_fields_have_labels():
    text = shown(troubled())
    for said in ("Acknowledge", "Silent for", "42 parked", "Release", "Replay"):
        assert said in text
    fields = [each for each in Read(text).all("input") if each.get("type") != "hidden" and each["name"] != "event"]
    assert len(re.findall(r"<label>[^<]+<(?:input|select)", text)) == len(fields) + text.count("<select")


def test_an_incident_that_is_muted_can_be_heard_again_and_one_that_is_over_has_no_form():
    found = shown(hostile())
    assert found.count('value="unmute"') == found.count('value="acknowledge"') == 1


def test_hostile_names_are_text_in_forms_too():
    found = Read(shown(hostile()))
    assert len(found.all("script")) == 1
    for tag, attributes in found.elements:
        strange = [name for name in attributes if name.startswith("on") or not re.fullmatch("[a-z-]+", name)]
        assert not strange, (tag, strange)
        assert tag != "img", attributes


def test_only_a_page_with_forms_tells_the_name_of_its_host():
    # Where no referrer is allowed at all, the Origin of a form is "null".
    assert policy()["Referrer-Policy"] == "no-referrer"
    assert policy(forms=True)["Referrer-Policy"] == "strict-origin"
    for each in (policy(), policy(forms=True)):
        assert "frame-ancestors 'none'" in each["Content-Security-Policy"]
        assert "form-action 'self'" in each["Content-Security-Policy"]
        assert each["Cache-Control"] == "no-store"
