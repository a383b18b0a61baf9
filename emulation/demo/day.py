"""A day of traffic: documented messages with ids of their own, and the bad input that every day has."""

import json
import random
import re
import uuid
from typing import TYPE_CHECKING, Literal

import msgspec

from emulation.demo.changes import OF_SAMPLES, Change
from emulation.sending.renewing import MARKERS, renewed, values_of
from emulation.sending.samples import FOLDER as SAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable

# What says nothing and is only acknowledged: no event, so no id.
SILENT = ("test-message-null", "test-message-sample", "test-message-text", "event-grid-handshake")

type Way = Literal["erp", "crm", "erp-queue", "erp-bus", "crm-bus"]


class Message(msgspec.Struct, frozen=True):
    """One message as its sender sees it.

    Args:
        way: The source it goes to.
        kind: What it is, for the table.
        body: What is sent.
        markers: For each event in it an id that occurs in it and in no other; none where it holds no event.
        headers: Sent with it over HTTP.
        change: The change by which Dataverse comes to send it; None: it is sent as it is here.
    """

    way: Way
    kind: str
    body: bytes
    markers: tuple[str, ...]
    headers: dict[str, str] = {}
    change: Change | None = None


class Day:
    """Makes messages; the same seed makes the same day.

    Args:
        seed: Of ids, amounts and order.
        by_bus: Whether Dataverse also sends to Service Bus.
    """

    def __init__(self, seed: int = 1, *, by_bus: bool = True) -> None:
        self._by_bus = by_bus
        self._random = random.Random(seed)  # noqa: S311 (a play, no secret)
        self._control_number = 5_637_700_000
        self._samples = {path.stem: path.read_text() for path in sorted(SAMPLES.glob("*.json"))}

    def events(self, count: int) -> list[Message]:
        """Make messages that hold one event each: business events, data events and plug-in messages.

        Args:
            count: How many.
        """
        names = [name for name in self._samples if name not in SILENT]
        drawn = [names[number % len(names)] for number in range(count)]
        self._random.shuffle(drawn)
        return [self._change(name) if name in OF_SAMPLES else self._play(name) for name in drawn]

    def silence(self) -> list[Message]:
        """Make the test messages that F&O sends when an endpoint is set up, and an empty body."""
        silent = [
            Message(self._way(), "test message", self._samples[name].encode(), ())
            for name in SILENT
            if name != "event-grid-handshake"
        ]
        return [*silent, Message("erp", "test message", b"", ())]

    def bad(self) -> list[Message]:
        """Make input that no event can be read from, and one batch of two events."""
        made: list[Callable[[str], bytes]] = [
            lambda marker: f"this is no JSON {marker}".encode(),
            lambda marker: f'{{"BusinessEventId": "X", "EventId": "{marker}", "cut off'.encode(),
            lambda marker: f"<RemoteExecutionContext><Id>{marker}</Id></RemoteExecutionContext>".encode(),
            lambda marker: ("[" * 500 + f'"{marker}"' + "]" * 500).encode(),
            lambda marker: json.dumps({"what": "is this", "id": marker}).encode(),
            lambda marker: b"\xff\xfe\x00\xd8" + marker.encode(),
        ]
        messages: list[Message] = []
        for make in made:
            marker = self._guid()
            messages.append(
                Message(self._random.choice(("erp", "erp-queue", "erp-bus")), "bad input", make(marker), (marker,))
            )
        two = [self._play("sales-order-confirmed"), self._play("vendor-payment-posted")]
        batch = b"[" + b",".join(each.body for each in two) + b"]"
        hostile = self._play("sales-invoice-posted")
        odd = json.loads(hostile.body)
        odd["ContextRecordSubject"] = "../../..%2f\r\nSet-Cookie: x=1\x00<script>"
        return [
            *messages,
            Message("erp", "batch", batch, (*two[0].markers, *two[1].markers)),
            Message("erp", "hostile subject", json.dumps(odd).encode(), hostile.markers),
        ]

    def _play(self, name: str) -> Message:
        text = self._samples[name]
        text, fresh = renewed(text, self._guid)
        marker = next(fresh[value] for field in MARKERS for value in values_of(field, self._samples[name]))
        self._control_number += self._random.randint(1, 9)
        text = re.sub(r'"ControlNumber": 5\d{9}', f'"ControlNumber": {self._control_number}', text)
        total = self._random.randint(10, 500_000) / 100
        text = re.sub(r'("(?:OrderTotal|InvoiceAmountInAccountingCurrency)": )[\d.]+', rf"\g<1>{total}", text)
        entity = self._random.choice(("usmf", "demf", "gbsi"))
        text = re.sub(r'("LegalEntity": )"usmf"', rf'\g<1>"{entity}"', text)
        text = re.sub(r'("BusinessEventLegalEntity": )"USMF"', rf'\g<1>"{entity.upper()}"', text)
        return Message(self._way(), _kind(name), text.encode(), (marker.lower(),), _headers(name))

    def _change(self, name: str) -> Message:
        """Make a change of a row: accounts are told by the webhook, contacts by the topic."""
        doing = OF_SAMPLES[name]
        everywhere = self._by_bus and doing in {"create", "update", "delete"}
        way: Way = self._random.choice(("crm", "crm-bus")) if everywhere else "crm"
        key = self._guid()
        # The row's own id tells what else is about no row's column.
        marker = self._guid() if doing in {"update", "synchronous", "custom_api"} else key
        change = Change(doing, "accounts" if way == "crm" else "contacts", key, marker)
        return Message(way, _kind(name), b"", (marker,), change=change)

    def _way(self) -> Way:
        return self._random.choice(("erp", "erp", "erp-queue", "erp-bus"))

    def _guid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def _kind(name: str) -> str:
    if name.startswith(("plugin-", "custom-api")):
        return "plug-in message"
    if name.startswith(("data-event", "hybrid-data-event")):
        return "data event"
    return "CloudEvent or Event Grid" if name.startswith(("cloud-event", "event-grid")) else "business event"


def _headers(name: str) -> dict[str, str]:
    content = "application/cloudevents+json" if name.startswith("cloud-event") else "application/json"
    headers = {"content-type": content}
    if name.endswith("-stripped"):
        headers["x-ms-dynamics-msg-size-exceeded"] = "1"
    return headers
