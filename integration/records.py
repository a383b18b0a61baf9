"""Read what was stored or queued: whatever is wrong with it is one error, so that one rotten record stops nothing.

Records lie in blobs, queue messages and table properties for months; a byte is changed, a hand writes one, a later
version of fno-link wrote it before it was rolled back. Who reads sets such a record aside, and goes on.
"""

from typing import Any

import msgspec

from integration.errors import CorruptRecord
from integration.faults import masked

VERSION = 1
LARGEST = 160 * 1024 * 1024
"""Bytes. The largest message that a source may take is 100 MiB, and a record holds it as base64."""


class _Marked(msgspec.Struct):
    v: Any = None


class Reader[T]:
    """Reads records of one kind.

    Args:
        decoder: Of the kind.
        what: What it is called in messages: `envelope`.
        version: The one that this code knows, in the record's `v`; None: it has none of its own.
        largest: Bytes.
    """

    def __init__(
        self, decoder: msgspec.json.Decoder[T], what: str, *, version: int | None = VERSION, largest: int = LARGEST
    ) -> None:
        self._decoder = decoder
        self._what = what
        self._version = version
        self._largest = largest

    def read(self, stored: object, of: str = "") -> T:
        """Read a record.

        Args:
            stored: Its bytes, or its text.
            of: Which one it is, for messages.

        Raises:
            CorruptRecord: It is none, too large, no UTF-8, nested too deep, or of another version.
        """
        which = f"the {self._what} {of}" if of else f"this {self._what}"
        if not isinstance(stored, bytes | str):
            msg = f"{which} cannot be read: it is no text"
            raise CorruptRecord(msg)
        if len(stored) > self._largest:
            msg = f"{which} cannot be read: it has {len(stored)} bytes, at most {self._largest} are read"
            raise CorruptRecord(msg)
        try:
            if isinstance(stored, bytes):
                stored.decode()  # the decoder does not look into what it only takes over
            found = self._decoder.decode(stored)
        except Exception as error:  # a decoder may fail in any way on what is no record
            self._check(stored, which)
            msg = f"{which} cannot be read: {masked(str(error)) or type(error).__name__}"
            raise CorruptRecord(msg) from error
        self._known(getattr(found, "v", self._version), which)
        return found

    def _check(self, stored: bytes | str, which: str) -> None:
        """Say so where a record cannot be read because it is of another version."""
        if self._version is None:
            return
        try:
            marked = _MARKED.decode(stored)
        except Exception:  # noqa: BLE001  # it is no record of any version
            return
        if isinstance(marked.v, int):
            self._known(marked.v, which)

    def _known(self, version: object, which: str) -> None:
        if self._version is not None and version != self._version:
            msg = f"{which} cannot be read: it has version {str(version)[:20]}, known is {self._version}"
            raise CorruptRecord(msg)


_MARKED = msgspec.json.Decoder(_Marked)
