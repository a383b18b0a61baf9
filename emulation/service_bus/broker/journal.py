"""What survives: an append-only file of records, made durable in groups.

Each record is a length, a checksum and MessagePack. What is acknowledged to a client has been synced to the disk first;
records of one moment share a sync. At start, and when the file has grown far beyond what lives, it is written anew. A
record that was cut short by a kill was never acknowledged and is dropped.
"""

import asyncio
import os
import struct
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from emulation.service_bus.entities.message import Message

_head = struct.Struct(">II")
MIN_COMPACTION = 16 << 20
VERSION = {"v": 1, "kind": "service-bus-journal"}
type Record = tuple[Any, ...]


class CorruptJournal(Exception):
    """The file is not a journal of this version."""


class Journal(Protocol):
    """Where entities note what must survive."""

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back when everything noted so far is durable, in the order of asking."""
        ...

    def append(self, record: Record) -> None:
        """Note a record."""
        ...


class NoJournal:
    """Remembers nothing."""

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back at once."""
        callback()

    def append(self, record: Record) -> None:
        """Drop a record."""


class FileJournal:
    """A journal in a file.

    Args:
        path: The file.
        loop: Where callbacks run.
        snapshot: Gives the records that make the present state.
        failed: Told when the disk does not take what was noted; nothing is acknowledged from then on.
    """

    def __init__(
        self,
        path: Path,
        loop: asyncio.AbstractEventLoop,
        snapshot: Callable[[], Iterable[Record]],
        failed: Callable[[OSError], None],
    ) -> None:
        self._path, self._loop, self._snapshot, self._failed = path, loop, snapshot, failed
        self._encoder = msgspec.msgpack.Encoder()
        self._pending = bytearray()
        self._waiting: list[Callable[[], None]] = []
        self._syncing: asyncio.Task[None] | None = None
        self._file: int = -1
        self._size = self._compacted_size = 0

    def append(self, record: Record) -> None:
        """Note a record; it is durable with the next commit."""
        self._pending += frame_record(self._encoder.encode(record))
        self._start()

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back when everything noted so far is durable, in the order of asking."""
        if not self._pending and self._syncing is None:
            callback()
            return
        self._waiting.append(callback)
        self._start()

    def compact(self) -> None:
        """Write the file anew with only what lives; the old one stays until the new one is durable."""
        records = [frame_record(self._encoder.encode(record)) for record in (VERSION, *self._snapshot())]
        data = b"".join(records)
        temporary = self._path.with_suffix(self._path.suffix + ".new")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        _write(handle, data)
        os.fsync(handle)
        temporary.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        if self._file >= 0:
            os.close(self._file)
        self._file = handle
        self._size = self._compacted_size = len(data)
        self._pending.clear()

    async def close(self) -> None:
        """Make what was noted durable and let the file go."""
        while self._syncing is not None and not self._syncing.done():
            await asyncio.shield(self._syncing)
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _start(self) -> None:
        if self._syncing is None:
            self._syncing = self._loop.create_task(self._sync())

    async def _sync(self) -> None:
        while self._pending or self._waiting:
            data, self._pending = bytes(self._pending), bytearray()
            waiting, self._waiting = self._waiting, []
            try:
                if data:
                    await self._loop.run_in_executor(None, self._store, data)
                    self._size += len(data)
                if self._size > max(MIN_COMPACTION, 4 * self._compacted_size):
                    self.compact()
            except OSError as error:
                self._failed(error)
                return
            for callback in waiting:
                self._loop.call_soon(callback)
        self._syncing = None

    def _store(self, data: bytes) -> None:
        _write(self._file, data)
        os.fdatasync(self._file)


def frame_record(data: bytes) -> bytes:
    """Put a record's length and checksum before it."""
    return _head.pack(len(data), zlib.crc32(data)) + data


def read_records(path: Path) -> list[Record]:
    """Return the records of a journal, up to one that was cut short.

    Raises:
        CorruptJournal: The file does not begin like a journal.
    """
    if not path.exists() or not path.stat().st_size:
        return []
    data = path.read_bytes()
    decoder = msgspec.msgpack.Decoder()
    records: list[Any] = []
    at = 0
    while at + _head.size <= len(data):
        size, checksum = _head.unpack_from(data, at)
        body = data[at + _head.size : at + _head.size + size]
        if len(body) < size or zlib.crc32(body) != checksum:
            break
        records.append(decoder.decode(body))
        at += _head.size + size
    if not records or records[0] != VERSION:
        msg = f"{path} is not a journal of version {VERSION['v']}; move it away to start without it"
        raise CorruptJournal(msg)
    return [tuple(record) for record in records[1:]]


def _write(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


class JournalRecorder:
    """Tells a journal what happens in entities.

    Args:
        journal: The journal.
    """

    def __init__(self, journal: Journal) -> None:
        self._append = journal.append

    def put(self, path: str, message: Message) -> None:
        """Note a new message, or new content of one."""
        self._append(put_record(path, message))

    def update(self, path: str, message: Message) -> None:
        """Note a message's changed state and delivery count; it is not locked."""
        self._append(("u", path, message.sequence, message.delivery_count, int(message.state)))

    def locked(self, path: str, sequence: int) -> None:
        """Note that a message has been given out under a lock."""
        self._append(("l", path, sequence))

    def remove(self, path: str, sequence: int) -> None:
        """Note that a message is gone."""
        self._append(("d", path, sequence))

    def session_state(self, path: str, session_id: str, state: bytes | None) -> None:
        """Note a session's state."""
        self._append(("s", path, session_id, state))

    def seen(self, path: str, identity: str, at: int) -> None:
        """Note an id for duplicate detection."""
        self._append(("i", path, identity, at))


def put_record(path: str, message: Message) -> Record:
    """Return the record of a message."""
    return (
        "m",
        path,
        message.sequence,
        message.enqueued_sequence,
        message.enqueued_at,
        message.expires_at,
        message.session_id,
        message.dead_letter_source,
        message.delivery_count,
        message.hops,
        int(message.state),
        message.content,
    )
