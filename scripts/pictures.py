"""Take the pictures of the status page that stand in docs/pictures, of the demo's world.

    uv run --group pictures python scripts/pictures.py

The whole local world is started with four organizations and a day of the demo is sent through it; then one link is
lost, one F&O environment is away, a receiver fails. Chromium looks on, and acknowledges an incident by the page's own
form. What lies before the start of the world, the hours of yesterday and the days before, is written into the app's
tables as the app itself would have; everything else has happened. Needs Chromium.
"""

import asyncio
import io
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from emulation.demo.day import Day
from emulation.demo.ledger import Ledger
from emulation.demo.mail import Mail
from emulation.demo.operator import Operator
from emulation.demo.world import ORGANIZATION, WEBHOOK, LocalWorld
from integration.health import count_rows
from integration.health.days import Days
from integration.health.standing import Watched
from integration.health.standings import Standings
from integration.health.totals import Span
from integration.storage import Storage
from integration.storage.names import COUNTS
from integration.tally import Key

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
LARGEST = 150_000
"""Bytes of a picture."""
FURTHER = ("adventure-works", "fabrikam", "wide-world")
DESK, PHONE = {"width": 1120, "height": 1480}, {"width": 320, "height": 720}
MORNING, WITHOUT_LINK = 160, 36
BURIED = 20
WITHIN = 240.0
# What came in, hour by hour, before the world began.
HOURS = (12, 9, 7, 8, 14, 31, 66, 118, 142, 156, 149, 121, 138, 160, 151, 129, 96, 71, 48, 33, 27, 21, 16)
DAYS = {
    ORGANIZATION: {17: "w", 41: "b"},
    "adventure-works": {30: "w", 31: "b", 32: "b", 77: "w"},
    "fabrikam": {62: "w"},
    "wide-world": {},
}
NAMES = ("chromium", "chromium-browser", "google-chrome")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def remember(account: str) -> None:
    """Write what was before the world began."""
    storage = Storage({"AzureWebJobsStorage": account})
    now = datetime.now(UTC)
    table = await storage.table(COUNTS)
    for back, count in zip(range(len(HOURS), 0, -1), HOURS, strict=True):
        at = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=back)
        said = {"deferred": count // 18, "dead_lettered": count // 70}
        said |= {"in": count, "delivered": count - said["dead_lettered"]}
        counts = {
            Key(
                what,
                ORGANIZATION,
                "erp",
                "" if what == "in" else "orders",
                "TargetRejected" if what == "dead_lettered" else "",
            ): number
            for what, number in said.items()
            if number
        }
        keys = {"PartitionKey": count_rows.partition_of(at), "RowKey": count_rows.sum_key(at)}
        await table.insert({**keys, **count_rows.written(Span(at, counts))})
    for name, days in DAYS.items():
        seen = "".join(days.get(day, "o") for day in range(89))
        before = Days((now - timedelta(days=1)).date(), seen)
        await Standings(storage).change(
            Watched("organization", name), lambda it, before=before: msgspec.structs.replace(it, days=before)
        )
    await storage.close()


class Scene:
    """The world, and the page over it.

    Args:
        world: Running.
        mail: Sends and receives.
        operator: Runs the watch.
    """

    def __init__(self, world: LocalWorld, mail: Mail, operator: Operator) -> None:
        self._world = world
        self._mail = mail
        self._operator = operator
        self._day = Day(7)
        self.url = f"{world.host.url}/api/status"

    @property
    def desk(self) -> str:
        return f"{self.url}/operator?code={self._world.host.function_keys['status_operator']['default']}"

    def status(self) -> dict[str, Any]:
        """Read the page as JSON."""
        answer = httpx.get(self.url, headers={"x-functions-key": self._world.host.key}, timeout=30, trust_env=False)
        return answer.raise_for_status().json()

    def until(self, what: str, seen: Callable[[dict[str, Any]], object], *, rounds: bool = True) -> None:
        """Wait until the page shows something, with a round of the watch now and then."""
        say(f"until {what}")
        deadline = time.monotonic() + WITHIN
        while not seen(self.status()):
            if time.monotonic() > deadline:
                sys.exit(f"not seen within {WITHIN:.0f} s: {what}\n{self.status()}")
            if rounds:
                self._operator.run_health_timer()
            time.sleep(2)

    def morning(self) -> None:
        for message in self._day.events(MORNING):
            self._mail.send(message)
        self.until("the morning is delivered", lambda it: it["hours"][-1]["delivered"] > MORNING // 2)
        for _ in range(3):
            self._operator.run_health_timer()
        self.until("every organization is linked", lambda it: it["linked"] == len(DAYS))

    def trouble(self) -> None:
        """Let one thing after the other go wrong."""
        self._world.receivers.fail(WEBHOOK, 422, times=2)
        for message in [*self._day.bad(), *self._day.events(MORNING // 4)]:
            self._mail.send(message)
        self.until("there are dead letters", lambda it: sum(it["deadLetters"].values()) > BURIED)
        self._world.receivers.fail(WEBHOOK, 503)
        for message in self._day.events(MORNING // 4):
            self._mail.send(message)
        self._world.dynamics.control.break_("adventure-works", "unreachable", kind="fno")
        self.until("F&O is missed", lambda it: is_open(it, "adventure-works"))
        self._world.dynamics.control.unlink(ORGANIZATION)
        self.until("the link is lost", lambda it: is_open(it, ORGANIZATION))
        deadline = time.monotonic() + WITHIN
        while time.monotonic() < deadline and not self._is_any_parked():
            for message in self._day.events(WITHOUT_LINK // 4):
                self._mail.send(message)
            time.sleep(5)
        for message in self._day.events(WITHOUT_LINK):
            self._mail.send(message)
        self.until("a target is left alone", lambda it: it["circuitsOpen"])
        for _ in range(2):
            self._operator.run_health_timer()

    def _is_any_parked(self) -> bool:
        return bool(self._mail.parked())

    def acknowledge(self, page: Page) -> None:
        """Say on the page that somebody works on it."""
        page.goto(self.desk)
        form = page.get_by_role("form", name="adventure-works")
        form.get_by_label("Your name").fill("Ada Lovelace")
        form.get_by_label("What is being done").fill("Microsoft's case 2607 is open")
        form.get_by_role("button", name="Acknowledge").click()
        page.locator("#done").wait_for()


def is_open(status: dict[str, Any], subject: str) -> bool:
    return any(each["subject"] == subject and each["check"] != "dead_letters" for each in status["openIncidents"])


def take(page: Page, name: str, *, height: int) -> None:
    """Take a picture of the beginning of a page, small enough for a repository."""
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    width = page.viewport_size["width"] if page.viewport_size else DESK["width"]
    whole = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(height, whole)})
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    for colours in (255, 128, 64, 32):
        packed = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
        if packed.tell() <= LARGEST:
            break
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / f"{name}.png").write_bytes(packed.getvalue())
    say(f"{name}.png: {image.width} x {image.height}, {packed.tell() // 1024} KB, {colours} colours")


@contextmanager
def looking(browser: Browser, size: dict[str, int], scheme: str = "light", scale: float = 1) -> Iterator[Page]:
    context = browser.new_context(viewport=size, color_scheme=scheme, device_scale_factor=scale)
    yield context.new_page()
    context.close()


def main() -> None:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        sys.exit("Chromium is missing: apt-get install chromium")
    with LocalWorld(say, further=FURTHER) as world, Mail(world, Ledger()) as mail, Operator(world) as operator:
        asyncio.run(remember(world.azurite.connection_string))
        scene = Scene(world, mail, operator)
        scene.morning()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
            with looking(browser, DESK) as page:
                page.goto(scene.desk)
                take(page, "status", height=DESK["height"])
            scene.trouble()
            with looking(browser, DESK) as page:
                scene.acknowledge(page)
                take(page, "status-trouble", height=DESK["height"])
            with looking(browser, DESK, "dark") as page:
                page.goto(scene.desk)
                take(page, "status-dark", height=DESK["height"])
            with looking(browser, PHONE, scale=2) as page:
                page.goto(scene.desk)
                take(page, "status-phone", height=PHONE["height"])
            browser.close()


if __name__ == "__main__":
    main()
