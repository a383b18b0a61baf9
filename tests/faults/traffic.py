"""The bodies of planned messages, and what must become of each. A repeated message has the same bytes."""

import hashlib
import json
import random
import uuid
from pathlib import Path
from typing import Any

import msgspec

import emulation
from emulation.dynamics import Organization, Tenant
from emulation.dynamics.state import OrganizationState
from tests.faults import evidence
from tests.faults.evidence import Sent
from tests.faults.schedule import Message, Plan
from tests.faults.topology import CLIENT_ID, GROUPS, SOURCES, deliveries, needs_link, organization

SAMPLE = json.loads((Path(emulation.__file__).parent / "samples" / "plugin-update.json").read_text())
PADDING = 70_000
SESSIONS = 8
_KINDS: dict[str, evidence.Kind] = {
    "duplicate": "duplicate",
    "resend": "resend",
    "echo": "echo",
    "empty": "empty",
    "undecodable": "undecodable",
}


class Handed(msgspec.Struct, frozen=True):
    """One message as its sender hands it over, and what is to become of it."""

    message: Message
    body: bytes
    sent: Sent


class Traffic:
    """Makes the bodies of a plan.

    Args:
        plan: The plan.
        began: Seconds since the epoch at its start: the events' own times follow from it.
    """

    def __init__(self, plan: Plan, began: float) -> None:
        self._plan = plan
        self._began = began
        self._by_number = {message.number: message for message in plan.messages}

    def hand(self, message: Message) -> Handed:
        """Make one message."""
        first = self._by_number[message.of] if message.of >= 0 else message
        name, transport = SOURCES[message.source]
        body, id_ = self._body(first)
        dead, expects = "", deliveries(first.type) if first.type else ()
        # Beside the product's own code, what docs/journal.md promises.
        told = [name, GROUPS.get(message.source, message.source), "", id_.replace("-", "").lower()]
        key = hashlib.sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()
        match first.kind:
            case "undecodable":
                dead, id_ = "Undecodable", hashlib.sha256(body).hexdigest()
            case "empty":
                id_ = hashlib.sha256(f"{message.source}\x00test_message\x00".encode() + body).hexdigest()
            case "foreign":
                dead, expects = "ForeignOrganization", ()
            case "unrouted":
                dead = "Unrouted"
            case "echo":
                expects = ()
            case _:
                pass
        sent = Sent(
            id=id_,
            key=id_ if first.kind in ("undecodable", "empty") else key,
            organization=name,
            transport=transport,
            source=message.source,
            kind=_KINDS.get(message.kind, "event"),
            expects=expects,
            dead=dead,
            requires_link=needs_link(first.type),
            accepted=False,
        )
        return Handed(message, body, sent)

    def _body(self, message: Message) -> tuple[bytes, str]:
        rng = random.Random(f"{self._plan.seed}/{message.number}")  # ids of a play, no secret
        id_ = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        match message.kind:
            case "undecodable":
                return f"this is no JSON {id_}".encode(), ""
            case "empty":
                return f'"This is a test {message.number}"'.encode(), ""
            case "record" | "echo" | "foreign":
                return json.dumps(self._record(message, id_, rng)).encode(), id_
            case _:
                return json.dumps(self._business_event(message, id_.upper())).encode(), id_.upper()

    def _business_event(self, message: Message, id_: str) -> dict[str, Any]:
        padding = {"Padding": "x" * PADDING} if message.kind == "large" else {}
        return {
            "BusinessEventId": message.type,
            "ControlNumber": 5_637_600_000 + message.number,
            "EventId": id_,
            "EventTime": self._date(message),
            "LegalEntity": "usmf",
            "MajorVersion": 0,
            "SalesOrderId": f"SO-{message.number % SESSIONS}",
            **padding,
        }

    def _record(self, message: Message, id_: str, rng: random.Random) -> dict[str, Any]:
        own = organization(SOURCES[message.source][0])
        user = our_user(own) if message.kind == "echo" else str(uuid.UUID(int=rng.getrandbits(128), version=4))
        foreign = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        return {
            **SAMPLE,
            "OperationId": id_,
            "OrganizationId": foreign if message.kind == "foreign" else own.id(),
            "OperationCreatedOn": self._date(message, "+0000"),
            "InitiatingUserId": user,
            "UserId": user,
        }

    def _date(self, message: Message, zone: str = "") -> str:
        return f"/Date({round((self._began + message.at) * 1000)}{zone})/"


def our_user(of: Organization) -> str:
    """Return the id of our own application user."""
    return OrganizationState(of, Tenant()).user_id(CLIENT_ID)
