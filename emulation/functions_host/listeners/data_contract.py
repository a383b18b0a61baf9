"""A string as `DataContractSerializer` writes it in .NET's binary XML: what `new BrokeredMessage("text")` sent.

Source: "[MC-NBFX]: .NET Binary Format: XML Data Structure", section "Records".
"""

HEAD = b"@\x06string\x08\x33http://schemas.microsoft.com/2003/10/Serialization/"
END_ELEMENT = 0x01
# Text and, one higher, text that also ends its element, by the width of their length in bytes.
CHARS = {0x98: 1, 0x9A: 2, 0x9C: 4}
EMPTY = (0xA8, 0xA9)


def text_of(body: bytes) -> str | None:
    """Return the string, or None where the body is no such element."""
    if not body.startswith(HEAD):
        return None
    rest, parts = body[len(HEAD) :], list[bytes]()
    while rest:
        record, rest = rest[0], rest[1:]
        width = CHARS.get(record & ~1)
        if width is not None:
            length, rest = int.from_bytes(rest[:width], "little"), rest[width:]
            if length > len(rest):
                return None
            parts.append(rest[:length])
            rest = rest[length:]
        elif record not in EMPTY and record != END_ELEMENT:
            return None
        if record == END_ELEMENT or (record & 1):
            break
    try:
        return b"".join(parts).decode()
    except UnicodeDecodeError:
        return None
