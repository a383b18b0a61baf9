"""The forms of a page, as a browser sees and sends them."""

from html.parser import HTMLParser
from typing import override
from urllib.parse import urlencode

from integration.web.message import Request
from integration.web.status.form import MEDIA_TYPE


class Form:
    """One form of a page.

    Args:
        attributes: Of its element.
    """

    def __init__(self, attributes: dict[str, str | None]) -> None:
        self.attributes = attributes
        self.label = attributes.get("aria-label") or ""
        self.fields: dict[str, str] = {}
        self.buttons: list[tuple[str, str]] = []

    def filled(self, button: str, **written: str) -> dict[str, str]:
        """Give what is sent when a button is pressed.

        Args:
            button: The button's value.
            written: What is typed or chosen, by the names of fields; `_` at the end is dropped.
        """
        (pressed,) = [each for each in self.buttons if each[1] == button]
        named = {name.rstrip("_"): value for name, value in written.items()}
        assert named.keys() <= self.fields.keys(), named
        return self.fields | named | dict([pressed])


class Forms(HTMLParser):
    """The forms of a page that post.

    Args:
        page: Its HTML.
    """

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.all: list[Form] = []
        self._form: Form | None = None
        self._select = ""
        self.feed(page.decode())

    def of(self, label: str) -> Form:
        """Give the only one with this in its label."""
        (found,) = [each for each in self.all if label in each.label]
        return found

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "form" and attributes.get("method") == "post":
            self._form = Form(attributes)
            self.all.append(self._form)
        if self._form is None:
            return
        name, value = attributes.get("name") or "", attributes.get("value") or ""
        if tag == "input":
            self._form.fields[name] = value
        elif tag == "button":
            self._form.buttons.append((name, value))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            self._form.fields.setdefault(self._select, value)

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""


def posted(fields: dict[str, str], **given: object) -> Request:
    """Make the request that brings a form from our own page.

    Args:
        fields: As filled.
        given: Of the request, instead.
    """
    headers = {
        "content-type": MEDIA_TYPE,
        "host": "links.example.com",
        "origin": "https://links.example.com",
        "sec-fetch-site": "same-origin",
    }
    return Request(**{"method": "POST", "headers": headers, "body": urlencode(fields).encode(), **given})
