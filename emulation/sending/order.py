"""`fno-link send` from the file to the end: what is sent, where to, and what became of it."""

import contextlib
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from emulation.failure import Failed
from emulation.local.connections import LOOPBACK
from emulation.local.given import given
from emulation.local.home import Home, Source, State
from emulation.plain_text import plain
from emulation.sending.app import App, Unasked
from emulation.sending.following import Following
from emulation.sending.message import Message, Shape, message_of
from emulation.sending.outcome import Became, Exit, exit_of
from emulation.sending.samples import fresh, sample
from emulation.sending.ways import Sending, Sent, send
from emulation.sending.why import Explained, explain

KEY = "FNO_LINK_KEY"
# What is accepted from then on is ours: another machine's clock may be behind.
_SAME_CLOCK, _OTHER_CLOCK = timedelta(0), timedelta(seconds=5)
LARGEST = 64 * 1024 * 1024


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line asks for; each as its option."""

    file: str = ""
    sample: str = ""
    source: str = ""
    config: str | None = None
    url: str = ""
    key: str = ""
    connection: str = ""
    queue: str = ""
    topic: str = ""
    app: str = ""
    as_sender: Shape | None = None
    session: str = ""
    fresh: bool = False
    count: int = 1
    wait: float = 60.0
    follow: bool = False
    as_json: bool = False


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """Where it goes, and who can say what became of it.

    Args:
        source: The source.
        key: Opens it.
        app: Base URL of the app that is asked afterwards; empty: nobody is.
        app_key: Opens that.
        organization_id: OrganizationId of its organization; empty: not known.
        organization_url: The URL of that.
        settings: The settings file of the running app; empty: not known.
    """

    source: Source
    key: str
    app: str
    app_key: str
    organization_id: str = ""
    organization_url: str = ""
    settings: str = ""


def run(order: Order) -> int:
    """Send, wait, tell; return the exit code.

    Raises:
        Failed: There is nothing to send, or nowhere to send it.
    """
    text = _content(order)
    to = _destination(order)
    report = _Report(order)
    began = datetime.now(UTC) - (_SAME_CLOCK if to.settings else _OTHER_CLOCK)
    messages = [_message(order, text, to, number) for number in range(order.count)]
    results: list[Sent] = []
    for message in messages:
        sending = Sending(
            message=message,
            source=to.source,
            key=to.key,
            organization_url=to.organization_url,
            as_sender=order.as_sender or message.shape,
            session=order.session,
            say=report.step,
        )
        sent = send(sending)
        results.append(sent)
        report.sent(message, to.source, sent)
    explained = explain(messages[0].body, to.source.name, Path(to.settings)) if to.settings else Explained()
    report.explained(explained)
    if not all(each.accepted for each in results):
        answered = all(each.accepted or each.status for each in results)
        return report.end(results, [], Exit.NOT_DELIVERED if answered else Exit.UNKNOWN)
    if explained.ignored:
        report.step(f"acknowledged, and nothing else: {explained.ignored}")
        return report.end(results, [], Exit.DELIVERED)
    if not to.app or not order.wait:
        report.step("accepted; what becomes of it is not asked" + ("" if to.app else ": --app says whom to ask"))
        return report.end(results, [], Exit.DELIVERED if not order.wait else Exit.UNKNOWN)
    return report.end(results, *_follow(order, to, messages, began, report))


def _follow(
    order: Order, to: Destination, messages: list[Message], began: datetime, report: "_Report"
) -> tuple[list[Became], Exit]:
    ids = [id_ for each in messages for id_ in each.ids]
    try:
        with App(to.app, to.app_key) as app:
            if order.follow and to.source.organization:
                report.step(f"link of {to.source.organization}: {app.link(to.source.organization)}")
            following = Following(app, to.source.name, to.source.organization, began, report.became)
            found = following.wait(ids, len(ids) or order.count, order.wait)
    except Unasked as error:
        report.step(str(error))
        return [], Exit.UNKNOWN
    if len(found) < (len(ids) or order.count):
        report.step(f"nothing is known of it after {order.wait:g} s: is the journal switched off, is the app at work?")
        return found, exit_of(found) if exit_of(found) is Exit.NOT_DELIVERED else Exit.UNKNOWN
    return found, exit_of(found)


def _content(order: Order) -> bytes:
    if bool(order.file) == bool(order.sample):
        raise Failed("Usage", "one of FILE and --sample is needed", "fno-link send --help", exit_code=2)
    if order.sample:
        return b""
    try:
        if order.file == "-":
            text = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(order.file).open("rb") as file:
                text = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        msg = f"{_short(order.file)} cannot be read: {said}"
        raise Failed("NoFile", msg, "`-` reads standard input; --sample sends one of ours.", exit_code=2) from error
    if len(text) > LARGEST:
        msg = f"{_short(order.file)} is larger than {LARGEST // 1024**2} MiB"
        raise Failed("TooLarge", msg, "No sender sends so much.", exit_code=2)
    return text


def _message(order: Order, text: bytes, to: Destination, number: int) -> Message:
    name = to.source.organization
    if order.sample:
        stripped = order.sample.endswith("-stripped")
        return message_of(sample(order.sample, to.organization_id), name, stripped=stripped)
    if order.fresh or number:
        with contextlib.suppress(UnicodeDecodeError):  # what is no text has no ids
            text = fresh(text.decode())
    return message_of(text, name)


def _destination(order: Order) -> Destination:
    key = order.key or os.environ.get(KEY, "")
    if order.url:
        return _of_url(order, key)
    if order.connection:
        if bool(order.queue) == bool(order.topic):
            raise Failed("Usage", "--connection needs one of --queue and --topic", exit_code=2)
        kind = "storage_queue" if "sb://" not in order.connection else "service_bus"
        source = Source(
            name=order.source,
            kind=kind,
            organization="",
            connection=order.connection,
            queue=order.queue,
            topic=order.topic,
        )
        return Destination(source=source, key="", app=_app(order.app), app_key=key)
    home = Home(given(order.config).configuration)
    running = home.running()
    if running is None:
        hint = "Start it in another terminal, or say where to: --url, or --connection."
        raise Failed("NothingRuns", "no `fno-link local` runs with this configuration", hint)
    return _of_local(order, running)


def _of_local(order: Order, running: State) -> Destination:
    known = {each.name: each for each in running.sources}
    if order.source not in known:
        what = f"{_short(order.source)!r} is no source" if order.source else "--source is missing"
        names = ", ".join(known) or "none"
        raise Failed("UnknownSource", f"{what}; there are: {names}", exit_code=2)
    source = known[order.source]
    return Destination(
        source=source,
        key=running.key_of(source),
        app=running.app,
        app_key=running.key,
        organization_id=running.organizations.get(source.organization, ""),
        organization_url=running.urls.get(source.organization, ""),
        settings=running.settings,
    )


def _of_url(order: Order, key: str) -> Destination:
    url = order.url.strip()
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None
        wrong = wrong or parts.port == 0 or _in_the_clear(parts)
    except ValueError:
        wrong, parts = True, urlsplit("")
    if wrong or not url.isprintable() or not url.isascii():
        msg = f"--url: {_short(order.url)!r} is no https URL of a source"
        raise Failed("Usage", msg, "https://NAME.azurewebsites.net/api/events/SOURCE", exit_code=2)
    base, separator, name = url.partition("?")[0].partition("/api/events/")
    source = Source(name=order.source or name, kind="http", organization="", url=url)
    return Destination(source=source, key=key, app=_app(order.app) or (base if separator else ""), app_key=key)


def _app(url: str) -> str:
    base = url.strip().rstrip("/").removesuffix("/api")
    try:
        parts = urlsplit(base)
        good = not base or (parts.scheme in {"http", "https"} and bool(parts.hostname) and not _in_the_clear(parts))
    except ValueError:
        good = False
    if not good or not base.isascii() or not base.isprintable():
        msg = f"--app: {_short(url)!r} is no https URL"
        raise Failed("Usage", msg, "https://NAME.azurewebsites.net", exit_code=2)
    return base


def _in_the_clear(url: SplitResult) -> bool:
    """Tell whether a key would travel unencrypted over a network."""
    return url.scheme == "http" and url.hostname not in LOOPBACK


def _short(text: str) -> str:
    return plain(text if len(text) <= 200 else f"{text[:200]}…")  # noqa: PLR2004 (a line)


class _Report:
    """Tells on the way what happens, and at the end what has: as text, or as one JSON value."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._explained = Explained()

    def step(self, what: str) -> None:
        if not self._order.as_json:
            print(plain(what), flush=True)

    def sent(self, message: Message, source: Source, sent: Sent) -> None:
        where = source.url.partition("?")[0] or source.queue or source.topic
        said = "accepted" if sent.accepted else "refused" if sent.status else "not sent"
        tries = f" after {sent.attempts} attempts" if sent.attempts > 1 else ""
        status = f", status {sent.status}" if sent.status else ""
        self.step(f"{len(message.body)} bytes ({message.shape}) to {where}: {said}{status}{tries}")
        if sent.answer:
            self.step(f"  {sent.answer}")

    def explained(self, explained: Explained) -> None:
        self._explained = explained
        if self._order.follow:
            for each in explained.routes:
                takes = {True: "takes it", False: "no", None: "the link decides"}[each.matched]
                self.step(f"  route {each.route}: {takes} - {each.because}")

    def became(self, became: Became) -> None:
        if became.open and not self._order.follow:
            return
        again = ", a duplicate: it had come before" if became.duplicate else ""
        reason = f" ({became.reason})" if became.reason else ""
        self.step(f"{became.type or 'no event'} {became.id}: {became.state}{reason}{again}")
        for each in became.deliveries:
            self.step(f"  {each}")

    def end(self, sent: list[Sent], found: list[Became], exit_: Exit) -> int:
        if self._order.as_json:
            value: dict[str, Any] = {
                "sent": sent,
                "routes": self._explained.routes,
                "ignored": self._explained.ignored,
                "events": found,
                "delivered": {Exit.DELIVERED: True, Exit.NOT_DELIVERED: False}.get(exit_),
            }
            print(msgspec.json.encode(value).decode())
        return int(exit_)
