"""What background work logs is written in the next invocation: the host drops what is written between two."""

import asyncio
import logging
from threading import Thread

import pytest

from integration import background
from integration.background import KEPT, Unheard
from integration.single_flight import SingleFlight

log = logging.getLogger("fno_link.test")


class Written(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


@pytest.fixture
def written(monkeypatch):
    handler = Written()
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    monkeypatch.setattr(log, "level", logging.INFO)
    return handler


@pytest.fixture
def unheard(written):
    unheard = Unheard()
    unheard.attach()
    return unheard


async def say(text):
    log.warning("it says %s", text)


async def test_a_background_record_waits_for_an_invocation_and_keeps_its_time(unheard, written):
    log.warning("before")
    await background.start(say("one"))
    log.warning("after")
    assert written.texts == ["before", "after"]
    unheard.tell()
    assert len(written.texts) == 3
    assert written.texts[2].startswith("it says one (in the background, 20")
    unheard.tell()
    assert len(written.texts) == 3


async def test_tasks_and_threads_of_background_work_are_in_the_background_too(unheard, written):
    async def parent():
        await asyncio.create_task(say("a child"))
        await asyncio.to_thread(log.error, "from a thread")

    await background.start(parent())
    assert written.texts == []
    unheard.tell()
    assert [text.split(" (")[0] for text in written.texts] == ["it says a child", "from a thread"]


async def test_a_traceback_is_kept_as_text(unheard, written):
    async def fail():
        try:
            int("no number")
        except ValueError:
            log.exception("it failed")

    await background.start(fail())
    unheard.tell()
    assert "ValueError: invalid literal" in written.texts[0]


async def test_the_latest_are_kept_and_the_rest_is_counted(unheard, written):
    async def babble():
        for number in range(KEPT + 7):
            log.warning("record %d.", number)

    await background.start(babble())
    unheard.tell()
    assert written.texts[0] == "7 older records were dropped"
    assert [written.texts[1].split(".")[0], written.texts[-1].split(".")[0]] == ["record 7", f"record {KEPT + 6}"]


async def test_a_load_that_is_waited_for_speaks_at_once_and_one_behind_a_served_value_later(unheard, written):
    flights: SingleFlight[str, None] = SingleFlight()
    await flights.join("awaited", lambda: say("at once"))
    assert written.texts == ["it says at once"]
    flights.start("behind", lambda: say("later"))
    await flights.join("behind", lambda: say("never"))
    assert written.texts == ["it says at once"]
    unheard.tell()
    assert written.texts[1].startswith("it says later (in the background")


async def test_what_a_thread_says_waits_for_an_invocation_whoever_began_the_thread(unheard, written):
    await asyncio.to_thread(log.error, "from the thread of an invocation")
    thread = Thread(target=log.warning, args=("from a library's own thread",))
    thread.start()
    thread.join()
    log.warning("from the invocation")
    assert written.texts == ["from the invocation"]
    unheard.tell()
    assert [text.split(" (")[0] for text in written.texts[1:]] == [
        "from the thread of an invocation",
        "from a library's own thread",
    ]


async def test_two_handlers_write_what_was_kept_once_each(monkeypatch, written):
    other = Written()
    monkeypatch.setattr(logging.getLogger(), "handlers", [written, other])
    unheard = Unheard()
    unheard.attach()
    await background.start(say("it once"))
    unheard.tell()
    assert len(written.texts) == len(other.texts) == 1


async def test_a_handler_that_exports_by_itself_is_told_at_once_and_not_again(monkeypatch, written):
    exporting = type("LoggingHandler", (Written,), {"__module__": "opentelemetry.sdk._logs._internal"})()
    monkeypatch.setattr(logging.getLogger(), "handlers", [written, exporting])
    unheard = Unheard()
    unheard.attach()
    await background.start(say("it"))
    assert (written.texts, exporting.texts) == ([], ["it says it"])
    unheard.tell()
    assert (len(written.texts), len(exporting.texts)) == (1, 1)


async def test_what_is_kept_is_written_at_its_level(unheard, written):
    written.setLevel(logging.ERROR)
    await background.start(say("a warning"))
    unheard.tell()
    assert written.texts == []
