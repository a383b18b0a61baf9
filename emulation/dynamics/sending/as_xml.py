"""A context as XML: as text, and in .NET's binary format.

Sources: "Data contract serializer"; [MC-NBFX] ".NET Binary Format: XML Data Structure", of which the records without a
dictionary are written (sections 2.2.1.1 to 2.2.3.20).
"""

from xml.sax.saxutils import escape, quoteattr

from emulation.dynamics.sending.infoset import Node, tree
from emulation.dynamics.sending.values import Context

_SHORT_ATTRIBUTE, _ATTRIBUTE, _SHORT_XMLNS, _XMLNS = 0x04, 0x05, 0x08, 0x09
_SHORT_ELEMENT, _ELEMENT, _END = 0x40, 0x41, 0x01
_CHARS_8, _CHARS_16, _CHARS_32, _EMPTY = 0x98, 0x9A, 0x9C, 0xA8
_BYTE, _WORD = 0x100, 0x10000


def text(context: Context) -> bytes:
    """Return a context as XML text."""
    return _written(tree(context)).encode()


def binary(context: Context) -> bytes:
    """Return a context in .NET's binary XML format (msbin1)."""
    return _records(tree(context))


def _written(node: Node) -> str:
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in node.attributes)
    inner = escape(node.content) if isinstance(node.content, str) else "".join(map(_written, node.content))
    return f"<{node.name}{attributes}>{inner}</{node.name}>" if inner else f"<{node.name}{attributes}/>"


def _records(node: Node) -> bytes:
    prefix, colon, local = node.name.rpartition(":")
    head = bytes([_ELEMENT]) + _string(prefix) + _string(local) if colon else bytes([_SHORT_ELEMENT]) + _string(local)
    for name, value in node.attributes:
        head += _attribute(name, value)
    if isinstance(node.content, str):
        return head + _characters(node.content, last=True)
    return head + b"".join(map(_records, node.content)) + bytes([_END])


def _attribute(name: str, value: str) -> bytes:
    if name == "xmlns":
        return bytes([_SHORT_XMLNS]) + _string(value)
    prefix, colon, local = name.rpartition(":")
    if prefix == "xmlns":
        return bytes([_XMLNS]) + _string(local) + _string(value)
    record = bytes([_ATTRIBUTE]) + _string(prefix) if colon else bytes([_SHORT_ATTRIBUTE])
    return record + _string(local) + _characters(value, last=False)


def _characters(value: str, *, last: bool) -> bytes:
    """Return a text record; the odd form of each also ends the element."""
    encoded = value.encode()
    end = int(last)
    if not encoded:
        return bytes([_EMPTY + end])
    if len(encoded) < _BYTE:
        return bytes([_CHARS_8 + end, len(encoded)]) + encoded
    if len(encoded) < _WORD:
        return bytes([_CHARS_16 + end]) + len(encoded).to_bytes(2, "little") + encoded
    return bytes([_CHARS_32 + end]) + len(encoded).to_bytes(4, "little") + encoded


def _string(value: str) -> bytes:
    encoded = value.encode()
    length, left = b"", len(encoded)
    while left >= 0x80:  # noqa: PLR2004 (seven bits a byte)
        length += bytes([left & 0x7F | 0x80])
        left >>= 7
    return length + bytes([left]) + encoded
