"""Messages that people read hold no line break, escape sequence or override that came from outside."""

import random
from datetime import UTC, datetime

import msgspec

from integration.config.keys.model import Configuration, HttpSource, Organization
from integration.delivery.queued.work import Work
from integration.delivery.screening.guard import Guard, Refused
from integration.delivery.undelivered import Undelivered
from integration.events.alerts import Alert, event_of
from integration.events.event import Event, Origin
from integration.events.inbound import Inbound, Undecoded
from integration.journal.scope import WhenLinked
from tests.fake_clock import FakeClock

HOSTILE = "evil\r\nERROR forged\x1b[2J\u202e"
ORGANIZATION = Organization(
    name="contoso",
    url="https://contoso.crm.dynamics.com",
    tenant="contoso.onmicrosoft.com",
    organization_id="11111111-0000-4000-8000-000000000001",
)
CONFIGURATION = Configuration(
    organizations={"contoso": ORGANIZATION},
    sources={"crm": HttpSource(name="crm", organization="contoso")},
    routes=(),
    targets={},
)
EVENT = Event(
    id="e1",
    source="/s",
    type=f"t{HOSTILE}",
    organization="contoso",
    ingress="crm",
    origin=Origin(organization_id=HOSTILE),
    data=msgspec.Raw(b"{}"),
)
NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Buried:
    """Keeps what is buried, as the storage account would."""

    def __init__(self) -> None:
        self.records = []

    async def bury(self, record):
        self.records.append(record)
        return "path"


def undelivered(letters):
    return Undelivered(CONFIGURATION, letters, None, FakeClock(), random.Random(1))


async def test_of_a_dead_letter(caplog):
    letters = Buried()
    work = Work(scope=WhenLinked(), accepted_at=NOW, event=EVENT)
    await undelivered(letters).bury(work, "Unrouted", f"no route takes {HOSTILE}", "Add one.")
    inbound = Inbound(
        body=b"x", ingress="crm", organization="contoso", organization_url=ORGANIZATION.url, received_at=NOW
    )
    await undelivered(letters).bury_undecoded(
        Undecoded(reason="Undecodable", message=f"no JSON: {HOSTILE}", hint="", raw=b"x"), inbound, 0
    )
    assert [record.message.isprintable() for record in letters.records] == [True, True]
    assert all("forged" in record.message for record in letters.records)
    assert all(message.isprintable() for message in caplog.messages)


async def test_of_a_guard_that_names_what_a_message_says(caplog):
    verdict, letters = await Guard(CONFIGURATION).check(EVENT), Buried()
    assert isinstance(verdict, Refused)
    work = Work(scope=WhenLinked(), accepted_at=NOW, event=EVENT)
    await undelivered(letters).bury(work, verdict.reason, verdict.message, verdict.hint)
    [record] = letters.records
    assert "forged" in record.message
    assert record.message.isprintable()
    assert all(each.isprintable() for each in caplog.messages)


def test_of_an_alert_about_what_dataverse_said():
    data = Alert(
        organization="contoso",
        organization_url=ORGANIZATION.url,
        subject="contoso",
        check="integration",
        incident="i",
        transition="triggered",
        n=1,
        since=NOW,
        code="0x80048d0b",
        message=HOSTILE,
    )
    message = event_of("fno-link.integration.lost", data, NOW).payload["message"]
    assert "forged" in message
    assert message.isprintable()
