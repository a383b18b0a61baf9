"""What HTTP intake puts on `fno-link-events`: the message as it came, undecoded."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from integration.config.keys.model import HttpSource, Organization, Source
from integration.config.keys.sources import group_of
from integration.delivery.queued.claim_checks import ClaimChecks
from integration.events.inbound import Inbound, Limits, Property
from integration.events.kept import kept_headers, kept_properties, whole
from integration.records import VERSION, Reader
from integration.storage.names import EVENTS

QUEUE = EVENTS


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted message.

    Args:
        source: The configured source that took it.
        received_at: When it was taken.
        content_type: As sent.
        headers: The ones that decoding reads, names lower-cased.
        body: The message; None when it lies in a claim-check blob.
        payload: The claim-check blob's path, empty when `body` is here.
        v: Version of this record.
    """

    source: str
    received_at: datetime
    content_type: str = ""
    headers: dict[str, str] = {}
    body: bytes | None = None
    payload: str = ""
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


def inbound_of(  # noqa: PLR0913  # what is known of a message
    source: Source,
    organization: Organization,
    body: bytes,
    received_at: datetime,
    *,
    content_type: str = "",
    headers: Mapping[str, str] | None = None,
    properties: Mapping[str, Property] | None = None,
) -> Inbound:
    """Make of a source's message what decoding takes; what intake accepts is never too large for it."""
    limits = Limits()
    if isinstance(source, HttpSource) and source.max_body > limits.max_bytes:
        limits = Limits(max_bytes=source.max_body)
    return Inbound(
        body=body,
        ingress=source.name,
        group=group_of(source),
        organization=organization.name,
        organization_url=organization.url,
        received_at=received_at,
        content_type=whole(content_type),
        headers=kept_headers(headers or {}),
        properties=kept_properties(properties or {}),
        limits=limits,
    )
