"""What a form of the page says, read strictly."""

from typing import Self
from urllib.parse import parse_qsl

import msgspec

from integration.errors import InvalidRequest
from integration.operations.parameters import words
from integration.web.message import Request

MEDIA_TYPE = "application/x-www-form-urlencoded"
LARGEST = 16_384
"""Bytes; the longest note, each of its characters encoded, is a good third of it."""
FIELDS = {"seal": "seal", "do": "do", "id": "id", "by": "by", "note": "note", "for": "for_"}


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """A form of the page, filled in.

    Args:
        seal: That it stands in a page of ours.
        do: What is to be done.
        id: To what: an incident's id, a dead letter's, an organization's name.
        by: Who says so; empty: not said.
        note: What is being done.
        for_: How long.
    """

    seal: str = ""
    do: str = ""
    id: str = ""
    by: str = ""
    note: str = ""
    for_: str = ""

    @classmethod
    def read(cls, request: Request) -> Self:
        """Read the form that a request brings.

        Raises:
            LengthRequired: It may have had a body that never came here.
            InvalidRequest: It is none of ours.
        """
        body = request.measured()
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != MEDIA_TYPE:
            msg = f"a form is sent as {MEDIA_TYPE}"
            raise InvalidRequest(msg)
        if len(body) > LARGEST:
            msg = f"a form has {LARGEST} bytes at most"
            raise InvalidRequest(msg)
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=len(FIELDS))
        except ValueError as error:
            raise InvalidRequest("the form cannot be read") from error
        given = dict(pairs)
        if len(given) < len(pairs) or not given.keys() <= FIELDS.keys():
            raise InvalidRequest("the form has a field twice, or one that none of ours has")
        # A browser ends the lines of a text with both characters.
        note = given.get("note", "").replace("\r\n", "\n")
        read = {FIELDS[name]: value if name == "note" else words(name, value) for name, value in given.items()}
        return cls(**read | {"note": note})
