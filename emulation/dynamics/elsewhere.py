"""Hosts that are nobody's here: another program on loopback answers for them, under their own names and over TLS."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

UNREACHABLE = 502
LONGEST = 120.0
# Of the connection, not of the message (RFC 9110, section 7.6.1), or made anew.
_OF_THE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "host"})


async def hand_on(request: Request, body: bytes, base: str) -> Response:
    """Hand a request on and return the answer to it.

    Args:
        request: The request.
        body: Its body.
        base: Where it goes, without a slash at its end: path and query are put behind it.
    """
    import httpx  # noqa: PLC0415 (only a world with hosts elsewhere needs it)

    url = f"{base}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
    headers = [(name, value) for name, value in request.headers.items() if name not in _OF_THE_CONNECTION]
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=LONGEST) as client:
            answer = await client.request(request.method, url, content=body, headers=headers)
    except httpx.HTTPError as error:
        return PlainTextResponse(f"{request.url.hostname} does not answer: {type(error).__name__}", UNREACHABLE)
    response = Response(answer.content, answer.status_code)
    for name, value in answer.headers.multi_items():
        if name not in _OF_THE_CONNECTION | {"content-length", "content-encoding"}:
            response.headers.append(name, value)
    return response
