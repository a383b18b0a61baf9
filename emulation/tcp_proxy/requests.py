"""Requests of HTTP/1.1 among what passes through."""

import re

_HEAD_ENDS = b"\r\n\r\n"
_LENGTH = re.compile(rb"(?im)^content-length: *(\d+)")


def whole(sent: bytes) -> bool:
    """Tell whether a request has come whole, as far as its head says how long it is.

    Args:
        sent: What a client has sent of it.
    """
    head, ends, body = sent.partition(_HEAD_ENDS)
    length = _LENGTH.search(head)
    return bool(ends) and len(body) >= (int(length[1]) if length else 0)
