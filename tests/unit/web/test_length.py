"""A body that the host has not read is never taken for an empty message."""

import pytest

from integration.errors import LengthRequired
from integration.web import Request


@pytest.mark.parametrize(
    ("headers", "body", "unmeasured"),
    [
        ({}, b"", True),
        ({"content-length": "0"}, b"", False),
        ({"content-length": " 0 "}, b"", False),
        ({"content-length": "7"}, b"", True),
        ({"content-length": ""}, b"", True),
        ({"transfer-encoding": "chunked"}, b"", True),
        ({"transfer-encoding": "chunked", "content-length": "0"}, b"", True),
        ({"transfer-encoding": "chunked", "x-content-length": "7"}, b"", True),
        ({}, b"read all the same", False),
        ({"transfer-encoding": "chunked"}, b"read all the same", False),
    ],
)
def test_only_a_length_of_zero_says_that_a_message_is_empty(headers, body, unmeasured):
    request = Request(method="POST", headers=headers, body=body)
    assert request.unmeasured is unmeasured
    if unmeasured:
        with pytest.raises(LengthRequired):
            request.measured()
    else:
        assert request.measured() == body
