"""HTTP intake: authenticate, check the size, put an envelope on the queue, answer. Nothing is decoded here.

Dataverse waits 60 s and tries once more, only on 502, 503 or 504; what a linked F&O environment sends over HTTPS goes
through Dataverse (page "Business events in Finance and Operations", HTTPS endpoints of linked environments). An
environment of F&O that is not linked waits 10 s and tries three times a second apart, which are parameters of it. So an
answer comes within 4 s in a warm process whatever the storage account does, and overload is 503, never 429 or 500.
"""

import asyncio

import msgspec

from integration.clock import Clock
from integration.config.keys.model import EventGridSource, HttpSource
from integration.delivery import Envelope
from integration.delivery.queued.claim_checks import intake_path
from integration.errors import LengthRequired, Overloaded, PayloadTooLarge, StorageUnavailable
from integration.events.kept import excess, kept_headers, whole
from integration.loggers import logger
from integration.storage import Storage
from integration.storage.names import EVENTS, PAYLOADS
from integration.telemetry.carrier import here
from integration.telemetry.operations import QUEUES, SEND
from integration.telemetry.spans import span
from integration.web.admission import Admission, Refusals
from integration.web.answers import refusal
from integration.web.intake_shapes import Accepted, ValidationResponse
from integration.web.message import Request, Response, problem

log = logger("web")

# A queue message holds 48 KiB; what is larger is stored as a claim-check first.
LARGEST_MESSAGE = 45 * 1024
STORAGE_ANSWERS_WITHIN_SECONDS = 4.0
"""Longer than this a sender is not kept waiting: it is asked to try again."""
RETRY_AFTER = 5

_VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"


class _ValidationData(msgspec.Struct, frozen=True):
    validation_code: str = msgspec.field(name="validationCode")


class _Validation(msgspec.Struct, frozen=True):
    event_type: str = msgspec.field(name="eventType")
    data: _ValidationData


_VALIDATIONS = msgspec.json.Decoder(list[_Validation])


class Intake:
    """Takes events over HTTP.

    Args:
        storage: The worker's storage account.
        clock: The time.
        admission: How many requests may be under way at once in this process.
    """

    def __init__(self, storage: Storage, clock: Clock, *, admission: Admission | None = None) -> None:
        self._storage = storage
        self._clock = clock
        self._admission = admission or Admission(clock)
        self._refusals = Refusals(clock)

    def refuses(self) -> bool:
        """Say whether a request is refused whatever it holds, and count it; asked before anything is read of it."""
        if not self._admission.full:
            return False
        if untold := self._refusals.count():
            under_way = self._admission.limit
            log.warning("overload: %d refused with 503 since the last such line, %d under way", untold, under_way)
        return True

    async def warm(self) -> None:
        """Do what the first message would otherwise wait for: imports, token, connection.

        Raises:
            StorageUnavailable: The account did not answer, or refused.
        """
        await self._storage.queue(EVENTS, hasty=True).touch()

    async def accept(self, source: HttpSource, request: Request) -> Response:
        """Take one message.

        Args:
            source: The configured source that the URL names.
            request: The message.

        Returns:
            202 when it is stored; 200 to a handshake; 411 when the body cannot have come here; 413 and 431 when body or
            headers are too large; 503 with Retry-After when it could not be stored in time.
        """
        if self.refuses():
            return refused()
        handshake = shake_hands(request)
        if handshake is not None:
            return handshake
        if request.unmeasured:
            return refusal(LengthRequired(f"{source.name} cannot tell an empty message from one it did not get"))
        if len(request.body) > source.max_body:
            message = f"{len(request.body)} bytes are more than the {source.max_body} that {source.name} accepts"
            return refusal(PayloadTooLarge(message))
        entered = self._admission.enter()
        try:
            async with asyncio.timeout(STORAGE_ANSWERS_WITHIN_SECONDS):
                await self._store(source, request)
            answer = Response.json(202, Accepted(accepted=True))
        except PayloadTooLarge as error:
            answer = problem(431, error)  # the headers alone: the body is smaller than it may be
        except Exception as error:  # whatever it is, the sender keeps the message only at a 503
            expected = isinstance(error, TimeoutError | StorageUnavailable)
            said = str(error) or f"no answer within {STORAGE_ANSWERS_WITHIN_SECONDS} s"
            log.error("%s: 503: %s", source.name, said, exc_info=None if expected else error)  # noqa: TRY400  # no trace for an outage
            answer = refusal(StorageUnavailable(), retry_after=RETRY_AFTER)
        finally:
            self._admission.leave(entered)
        return answer

    async def keep(self, source: EventGridSource, body: bytes, content_type: str) -> None:
        """Keep an event that Event Grid pushed, for which it waits 30 s.

        Args:
            source: The configured source.
            body: The event as JSON.
            content_type: Which schema it is in.

        Raises:
            StorageUnavailable: It is not known to be kept; Event Grid must send it again.
        """
        request = Request(method="POST", headers={"content-type": content_type}, body=body)
        try:
            async with asyncio.timeout(STORAGE_ANSWERS_WITHIN_SECONDS):
                await self._store(source, request)
        except TimeoutError as error:
            msg = f"{source.name}: no answer from storage within {STORAGE_ANSWERS_WITHIN_SECONDS} s"
            raise StorageUnavailable(msg) from error

    async def _store(self, source: EventGridSource | HttpSource, request: Request) -> None:
        with span(SEND, EVENTS, system=QUEUES, source=source.name, organization=source.organization):
            await self._put(source, request)

    async def _put(self, source: EventGridSource | HttpSource, request: Request) -> None:
        now = self._clock.now()
        headers = kept_headers(request.headers)
        if fault := excess(headers):
            raise PayloadTooLarge(fault)
        envelope = Envelope(
            source=source.name,
            received_at=now,
            content_type=whole(request.headers.get("content-type", "")),
            headers=headers,
            body=request.body,
            traceparent=here() or msgspec.UNSET,
        )
        message = envelope.encode()
        if len(message) > LARGEST_MESSAGE:
            path = intake_path(request.body, now)
            message = msgspec.structs.replace(envelope, body=None, payload=path).encode()
            if len(message) > LARGEST_MESSAGE:
                text = f"the headers make a message of {len(message)} bytes, {LARGEST_MESSAGE} can be kept"
                raise PayloadTooLarge(text)
            await self._storage.blobs(PAYLOADS, hasty=True).put(path, request.body)
        await self._storage.queue(EVENTS, hasty=True).put(message)


def refused() -> Response:
    """Answer what is more than can be taken: 503, never 429, at which Dataverse does not try again."""
    return refusal(Overloaded(), retry_after=RETRY_AFTER)


def shake_hands(request: Request) -> Response | None:
    """Answer the two handshakes of webhook senders; None when the request is not one.

    Event Grid: 200 with the validation code, never 202; `validationUrl` is never fetched. CloudEvents: OPTIONS with
    WebHook-Request-Origin. Sources: "Endpoint validation with Event Grid event schema" and "… with CloudEvents
    schema"; "HTTP 1.1 Web Hooks for Event Delivery", section 4.
    """
    if request.method == "OPTIONS":
        origin = request.headers.get("webhook-request-origin", "")
        headers = {"Allow": "POST, OPTIONS"}
        if origin and origin.isascii() and origin.isprintable():
            headers |= {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"}
        return Response(status=200, headers=headers)
    if request.headers.get("aeg-event-type", "").lower() != "subscriptionvalidation":
        return None
    try:
        first = _VALIDATIONS.decode(request.body)[0]
    except Exception:  # noqa: BLE001  # what cannot be read is no handshake, and is kept as a message
        return None
    if first.event_type != _VALIDATION:
        return None
    return Response.json(200, ValidationResponse(validation_response=first.data.validation_code))
