"""The document over HTTP: the same for everybody, made once a process."""

import hashlib
from collections.abc import Sequence
from functools import cache

import msgspec

from integration.web.answers import refusing
from integration.web.message import Request, Response
from integration.web.openapi.described import JSON, Row
from integration.web.openapi.document import document

_HEADERS = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}


@refusing()
async def show(request: Request, rows: Sequence[Row]) -> Response:
    """Show it.

    Args:
        request: `If-None-Match` is honoured.
        rows: The operations.
    """
    body, tag = _written(tuple(rows))
    headers = {"ETag": tag, **_HEADERS}
    if request.matches(tag):
        return Response(status=304, headers=headers)
    return Response(status=200, headers={"Content-Type": JSON, **headers}, body=body)


@cache
def _written(rows: tuple[Row, ...]) -> tuple[bytes, str]:
    body = msgspec.json.encode(document(rows))
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'
