"""What HTTP intake puts on `fno-link-events`: the message as it came, undecoded."""

from datetime import datetime

import msgspec

from integration.delivery.queued.claim_checks import ClaimChecks
from integration.records import VERSION, Reader


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted message.

    Args:
        source: The configured source that took it.
        received_at: When it was taken.
        content_type: As sent.
        headers: The ones that decoding reads, names lower-cased.
        body: The message; None when it lies in a claim-check blob.
        payload: The claim-check blob's path, empty when `body` is here.
        traceparent: Of the span that put it on the queue; not set: nobody takes spans.
        v: Version of this record.
    """

    source: str
    received_at: datetime
    content_type: str = ""
    headers: dict[str, str] = {}
    body: bytes | None = None
    payload: str = ""
    traceparent: str | msgspec.UnsetType = msgspec.UNSET
    v: int = VERSION

    def encode(self) -> bytes:
        """Write the envelope as JSON."""
        return _ENCODER.encode(self)

    @classmethod
    def decode(cls, body: bytes) -> "Envelope":
        """Read an envelope.

        Raises:
            CorruptRecord: It is not an envelope of a version that this code knows.
        """
        return _READER.read(body)


async def redeem(envelope: Envelope, checks: ClaimChecks) -> bytes | None:
    """Give the message itself, fetched from its claim-check where it lies in one; None when it has been dealt with.

    Raises:
        CorruptRecord: The claim-check is gone.
        StorageUnavailable: The account did not answer.
    """
    return await checks.redeem(envelope.payload) if envelope.body is None else envelope.body


_ENCODER = msgspec.json.Encoder()
_READER = Reader(msgspec.json.Decoder(Envelope), "envelope")
