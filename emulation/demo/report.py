"""What the demo shows: progress, a table, and where to look."""

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from emulation.demo.ledger import Ledger
from emulation.demo.play import Result


class Reporter:
    """Writes progress to stderr and the result to stdout.

    Args:
        quiet: Print no table; the caller prints JSON.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._out = Console(quiet=quiet, highlight=False)
        self._progress = Console(stderr=True, highlight=False)

    @contextmanager
    def progress(self) -> Generator[Callable[[str], None]]:
        """Give the function that says what is going on, with the seconds since the start."""
        started = time.monotonic()

        def say(what: str) -> None:
            self._progress.print(f"[dim]{time.monotonic() - started:6.1f} s[/dim]  {what}")

        yield say

    def table(self, result: Result, ledger: Ledger) -> None:
        """Show the balance."""
        sent = Table(title="What was sent", title_justify="left")
        sent.add_column("message")
        sent.add_column("accepted", justify="right")
        for kind, count in sorted(ledger.kinds.items()):
            sent.add_row(kind, str(count))
        self._out.print(sent)
        balance = Table(title="What became of it", title_justify="left")
        balance.add_column("events")
        balance.add_column("count", justify="right")
        balance.add_row("accepted", str(result.accepted))
        balance.add_row("delivered", str(result.delivered_events))
        balance.add_row("… after they were parked", str(result.delivered_after_parking))
        balance.add_row("parked now", str(result.parked_now))
        for reason, count in result.dead_lettered.items():
            balance.add_row(f"dead letters: {reason}", str(count))
        balance.add_row("delivered twice", str(result.duplicates))
        balance.add_row("lost", f"[{'red' if result.lost else 'green'}]{result.lost}[/]")
        self._out.print(balance)
        received = Table(title="Who received it", title_justify="left")
        received.add_column("receiver")
        received.add_column("deliveries", justify="right")
        for receiver, count in result.received.items():
            received.add_row(receiver, str(count))
        self._out.print(received)
        told = Table(title="What operators were told, in their channel", title_justify="left")
        told.add_column("card")
        for card in result.cards:
            told.add_row(Text(card))
        self._out.print(told)
        self._out.print(f"Alerts: {', '.join(result.alerts)}")
        self._out.print(
            f"Acknowledged: the incident {result.acknowledged}; then nobody was reminded, and its end was told."
        )
        self._out.print(
            f"In a maintenance: {result.silenced} rounds found Finance & Operations away, and nobody was told."
        )
        self._out.print(f"fno-link register apply wrote {result.registered} rows, by which Dataverse sends.")
        self._out.print(f"Dataverse was asked for the link {result.dataverse_link_calls} times.")
        self._out.print(f"{result.seconds} s")

    def urls(self, urls: Iterable[tuple[str, str]]) -> None:
        """Show where to look while the world stands."""
        for name, url in urls:
            self._out.print(f"{name:>18}: {url}", soft_wrap=True)
        self._out.print("Ctrl-C ends it.")
