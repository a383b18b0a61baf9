"""Forms as browsers send them, and whatever else may come in their place."""

from urllib.parse import urlencode

import pytest

from integration.errors import InvalidRequest, LengthRequired
from integration.web.message import Request
from integration.web.status.form import LARGEST, MEDIA_TYPE, Form


def request(body: bytes, media_type: str = MEDIA_TYPE) -> Request:
    return Request(method="POST", headers={"content-type": media_type}, body=body)


def test_a_form_is_read_with_all_that_a_person_writes():
    note = "Case 2607 is open;\nMüller & Söhne know = 100 %"
    sent = urlencode(
        {"seal": "s", "do": "acknowledge", "id": "9f", "by": "Ada 日本", "note": note.replace("\n", "\r\n")}
    )
    for media_type in (MEDIA_TYPE, f"{MEDIA_TYPE.title()}; charset=UTF-8"):
        form = Form.read(request(sent.encode(), media_type))
        assert (form.seal, form.do, form.id, form.by, form.note, form.for_) == (
            "s",
            "acknowledge",
            "9f",
            "Ada 日本",
            note,
            "",
        )


def test_what_is_left_empty_is_empty():
    assert Form.read(request(b"do=mute&by=&note=&for=4h")) == Form(do="mute", for_="4h")


@pytest.mark.parametrize(
    "body",
    [
        b"do=mute&do=acknowledge",
        b"id=a&id=a",
        b"do=mute&other=1",
        b"do=mute&ids[]=1",
        b"by=%ff",
        b"\xff",
        b"id=%00",
        b"id=a%0d%0ab",
        b"by=%E2%80%AE",
        b"id=" + b"a" * 2_049,
        b"a=1&" * 100,
        b"do=" + b"a" * LARGEST,
        b'{"do": "mute"}',
    ],
)
def test_what_none_of_our_forms_sends_is_refused(body):
    with pytest.raises(InvalidRequest):
        Form.read(request(body))


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/json", "multipart/form-data; boundary=x"])
def test_another_media_type_is_refused(media_type):
    # What a form of another site can send as text/plain would pass for JSON.
    with pytest.raises(InvalidRequest, match="urlencoded"):
        Form.read(request(b"do=mute", media_type))


def test_a_body_that_never_came_here_is_asked_for_with_its_length():
    with pytest.raises(LengthRequired):
        Form.read(Request(method="POST", headers={"content-type": MEDIA_TYPE, "transfer-encoding": "chunked"}))
