"""How far a setup is, on stderr: a bar and a line for each change on a terminal, the lines alone elsewhere."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from integration.cli.output import say
from integration.plain_text import plain

if TYPE_CHECKING:
    from integration.operations.watch import Progress

type Tell = Callable[[Progress], None]
"""Shows what a look has found."""

_SIGN_OF_LIFE_SECONDS = 300.0


@contextmanager
def shown(stages: int, *, silent: bool) -> Generator[Tell]:
    """Give the function that shows what each look has found.

    Args:
        stages: How many there are.
        silent: Show nothing.
    """
    if silent:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _bar(stages) as tell:
            yield tell
    else:
        lines = Lines(_SIGN_OF_LIFE_SECONDS)

        def tell_plainly(progress: "Progress") -> None:
            for line in lines.due(progress):
                say(line, err=True)

        yield tell_plainly


class Lines:
    """Which line is due: one for each change, and one now and then.

    Args:
        again_after: Seconds after which the same is said again, as a sign of life.
    """

    def __init__(self, again_after: float) -> None:
        self._again_after = again_after
        self._said: tuple[object, ...] = ()
        self._at = 0.0

    def due(self, progress: "Progress") -> tuple[str, ...]:
        """Return the line, if one is due."""
        said = (progress.state, len(progress.done), progress.code, progress.platform)
        if said == self._said and progress.seconds - self._at < self._again_after:
            return ()
        self._said, self._at = said, progress.seconds
        minutes, seconds = divmod(int(progress.seconds), 60)
        return (f"{minutes:3d}:{seconds:02d}  {line_of(progress)}",)


@contextmanager
def _bar(stages: int) -> Generator[Tell]:
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415 - only a terminal needs it
    from rich.table import Column  # noqa: PLC0415 - only a terminal needs it
    from rich.text import Text  # noqa: PLC0415 - only a terminal needs it

    lines = Lines(float("inf"))
    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=stages * 4),
        TextColumn("{task.completed:.0f} of {task.total:.0f}"),
        TimeElapsedColumn(),
        # Without markup: rich would read it in what Dataverse said.
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True, expand=True) as bar:
        task = bar.add_task("asking", total=stages)

        def tell(progress: "Progress") -> None:
            bar.update(task, completed=len(progress.done), description=plain(f"waiting for {progress.waiting_for}"))
            for line in lines.due(progress):
                bar.console.print(Text(plain(line)))

        yield tell


def line_of(progress: "Progress") -> str:
    """Write in one line what is waited for, and why."""
    if progress.state == "ready":
        return f"{progress.organization} is linked, and Finance & Operations answers"
    why = f" ({progress.code}: {progress.message})" if progress.code else ""
    platform = f"; the platform says: {progress.platform}" if progress.platform else ""
    return f"waiting for {progress.waiting_for}{why}{platform}"
