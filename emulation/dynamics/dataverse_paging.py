"""Pages of rows: `Prefer: odata.maxpagesize`, and the cookie in `@odata.nextLink`.

Source: the page "Page results by using OData". A link goes on after the last row of its page, so that rows which come
and go before it move nothing.
"""

import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

import msgspec

from emulation.dynamics.dataverse_schema import BadQuery, Row

LARGEST = 5000
"""Rows of a page where none or a larger one is asked for."""

_SIZE = re.compile(r"(?:^|[,;\s])odata\.maxpagesize\s*=\s*\"?([^\",;\s]*)")
_TOKEN = re.compile(r'<cookie pagenumber="(\d{1,9})" pagingcookie="([^"]*)" istracking="False" />', re.ASCII)
_LAST = re.compile(r'<cookie page="(\d{1,9})"><(\w+) last="\{([^}"]*)\}" first="\{[^}"]*\}" /></cookie>', re.ASCII)


class Page(msgspec.Struct, frozen=True):
    """A page.

    Args:
        rows: Its rows.
        next: The `$skiptoken` of the page after it; empty: it is the last.
    """

    rows: Sequence[Row]
    next: str = ""


def page_size(prefer: str) -> int | None:
    """Return the page size that a `Prefer` header asks for, or None.

    Raises:
        BadQuery: It is no positive number.
    """
    found = _SIZE.search(prefer)
    if found is None:
        return None
    if not re.fullmatch(r"[1-9]\d{0,8}", found[1], re.ASCII):
        msg = f"Invalid value '{found[1]}' for the preference odata.maxpagesize: it must be a positive integer."
        raise BadQuery(msg)
    return min(int(found[1]), LARGEST)


def page_of(rows: Sequence[Row], size: int, skip_token: str, key: str) -> Page:
    """Cut one page out of all rows.

    Args:
        rows: All rows, in order.
        size: Rows of a page at most.
        skip_token: Of the page's link; empty: the first page.
        key: The primary key column.

    Raises:
        BadQuery: The token is none that a link of ours holds.
    """
    number, start = _start(rows, size, skip_token, key) if skip_token else (1, 0)
    page = rows[start : start + size]
    if start + size >= len(rows):
        return Page(page)
    first, last = (quote(str(row.get(key, ""))) for row in (page[0], page[-1]))
    cookie = f'<cookie page="{number}"><{key} last="{{{last}}}" first="{{{first}}}" /></cookie>'
    return Page(
        page, f'<cookie pagenumber="{number + 1}" pagingcookie="{quote(cookie, safe="")}" istracking="False" />'
    )


def _start(rows: Sequence[Row], size: int, skip_token: str, key: str) -> tuple[int, int]:
    token = _TOKEN.fullmatch(skip_token)
    cookie = _LAST.fullmatch(unquote(token[2])) if token else None
    if token is None or cookie is None or cookie[2] != key:
        raise BadQuery("Malformed XML in the Paging Cookie")
    number, last = int(token[1]), unquote(cookie[3])
    after = (index + 1 for index, row in enumerate(rows) if str(row.get(key, "")) == last)
    return number, next(after, (number - 1) * size)
