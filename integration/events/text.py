"""From a body's bytes to its JSON text: byte order marks, character sets, and .NET's binary wrappings."""

import codecs
import re

from integration.events.inbound import Undecoded

# Only character sets that senders use: Python knows others, some of them slow on hostile text.
_CHARSET = re.compile(
    r"charset\s*=\s*\"?(utf-?(?:8|16|32)(?:-?[bl]e)?|iso-8859-\d{1,2}|latin-?1|(?:windows-|cp)125\d)\b", re.IGNORECASE
)
_DATA_CONTRACT = re.compile(
    rb"@(?:\x06string|\x0cbase64Binary)\x08.http://schemas\.microsoft\.com/2003/10/Serialization/", re.DOTALL
)
BLANK = b" \t\r\n\x00"
# .NET binary XML records that hold text or bytes, to the width of their length; the odd one of a pair also ends the
# element. Source: "[MC-NBFX]: .NET Binary Format: XML Data Structure", section "Records".
_CHUNKS = {0x98: 1, 0x9A: 2, 0x9C: 4, 0x9E: 1, 0xA0: 2, 0xA2: 4}
_EMPTY = frozenset({0xA8, 0xA9, 0x01})
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HINT = (
    "Register the endpoint with message format JSON: `MessageFormat` of the ServiceEndpoint row = 2, or"
    " `Message Format: JSON` in the Plug-in Registration Tool."
)


def raw_type(content_type: str) -> str:
    """Return the content type of a body that is no UTF-8, to be sent on with it.

    Args:
        content_type: As the transport says.
    """
    named = _CHARSET.search(content_type)
    return f"application/json; charset={named[1].lower()}" if named else "application/json"


def json_text(body: bytes, content_type: str) -> bytes | Undecoded:
    """Return the UTF-8 text of a body, without its wrapping.

    Args:
        body: As it came.
        content_type: As the transport says; believed only where the bytes do not speak for themselves.

    Returns:
        The text, trimmed, empty for a blank body; Undecoded for XML and .NET binary XML.
    """
    text = _utf8(body).strip(BLANK)
    if text[:1] == b"@" and _DATA_CONTRACT.match(text):
        text = _utf8(_unwrapped(text)).strip(BLANK)
    text = _charset(text, content_type)
    if text[:1] == b"<":
        return _unsupported(body, "XML")
    if text[:1] in {b"@", b"V"} and (b"schemas.microsoft.com" in text or b"RemoteExecutionContext" in text):
        return _unsupported(body, ".NET binary XML")
    if "msbin1" in content_type.lower() and text and text[:1] not in {b"{", b"[", b'"'}:
        return _unsupported(body, ".NET binary XML")
    return text


def _utf8(text: bytes) -> bytes:
    """Turn UTF-16 and UTF-32 into UTF-8, by byte order mark or by the zero bytes beside the first character."""
    for mark, encoding in _MARKS:
        if text.startswith(mark):
            return text[len(mark) :].decode(encoding, "replace").encode()
    match [byte == 0 for byte in text[:4]]:
        case [False, True, False, True] | [False, True]:
            return text.decode("utf-16-le", "replace").encode()
        case [True, False, True, False] | [True, False]:
            return text.decode("utf-16-be", "replace").encode()
        case _:
            return text


def _charset(text: bytes, content_type: str) -> bytes:
    """Honour the content type's charset where the text is not UTF-8 already."""
    if text.isascii() or not (match := _CHARSET.search(content_type)):
        return text
    try:
        text.decode()
    except UnicodeDecodeError:
        try:
            return text.decode(codecs.lookup(match[1]).name).encode()
        except (LookupError, ValueError):
            return text
    return text


def _unwrapped(body: bytes) -> bytes:
    """Take the text out of what `new BrokeredMessage(string)` and `DataContractSerializer` write."""
    match = _DATA_CONTRACT.match(body)
    position = match.end() if match else 0
    parts: list[bytes] = []
    while position < len(body):
        record = body[position]
        if record in _EMPTY:
            position += 1
            continue
        width = _CHUNKS.get(record & 0xFE)
        if width is None:
            break
        length = int.from_bytes(body[position + 1 : position + 1 + width], "little")
        start = position + 1 + width
        parts.append(body[start : start + length])
        position = start + length
    if parts or position >= len(body):
        return b"".join(parts)
    return _between_brackets(body)


def _between_brackets(body: bytes) -> bytes:
    """Return what stands between the first opening and the last closing bracket, else the body."""
    starts = [at for at in (body.find(b"{"), body.find(b"[")) if at >= 0]
    end = max(body.rfind(b"}"), body.rfind(b"]"))
    return body[min(starts) : end + 1] if starts and end > min(starts) else body


def _unsupported(body: bytes, encoding: str) -> Undecoded:
    return Undecoded(reason="UnsupportedEncoding", message=f"the body is {encoding}, not JSON", hint=_HINT, raw=body)
