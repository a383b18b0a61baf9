"""Bodies that a counterpart may answer, and that are not what it is asked for."""

import json

from hypothesis import strategies as st

DEEP = 100_000

NONSENSE: list[bytes] = [
    b"",
    b"null",
    b"0",
    b"true",
    b'"text"',
    b"[]",
    b"{}",
    b"[1, {}]",
    b"[" * DEEP,
    b"[" * DEEP + b"]" * DEEP,
    b'{"error":' * DEEP + b"1" + b"}" * DEEP,
    b'{"Url":' * DEEP + b"1" + b"}" * DEEP,
    b'{"value":[' * DEEP + b"]}" * DEEP,
    b'{"access_token":' * DEEP + b"1" + b"}" * DEEP,
    b"\xff\xfe{\x00}\x00",
    b'{"Url": "\xff\xff", "error": {"code": "\xff"}}',
    b"\xef\xbb\xbf{}",
    b"\x00" * 100,
    b'{"Url": "https://half.operations.dyn',
    b'{"a": 1}{"a": 2}',
    b"<html><body>Sign in</body></html>",
    b'{"Url": 1, "TenantId": [], "Id": {}, "value": {}, "issuer": 3, "access_token": 4}',
    b'{"Url": "\\ud800", "value": "\\ud800", "access_token": "\\ud800\\n", "expires_in": 5}',
    b'{"value": 1e999999, "expires_in": 1e400, "access_token": "t"}',
    b'{"value": ' + b"9" * 5_000 + b"}",
    b'{"access_token": "a\\r\\nb", "expires_in": 3600, "token_type": "Bearer"}',
    b'{"error": [], "error_description": {}, "error_codes": ["x"]}',
    b'{"error": {"code": null, "message": null}}',
    b'{"error": "text", "error_codes": [[]]}',
]
"""Each of these has been answered by something, or could be."""

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["Url", "TenantId", "Id", "error", "code", "message", "value", "access_token", "expires_in"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)

bodies = st.sampled_from(NONSENSE) | st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode())
"""Nonsense, bytes, and JSON of the right names and wrong shapes."""
