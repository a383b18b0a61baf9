"""`fno-link demo`: a day of traffic through the whole local world."""

import signal
import sys
import threading
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click
import msgspec

from emulation.failure import Failed, told

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from emulation.demo.world import LocalWorld

NOTHING_LOST, LOST = 0, 1


@click.command()
@click.option("--once", is_flag=True, help="End after the day instead of staying up.")
@click.option("--json", "as_json", is_flag=True, help="Print the balance as JSON; implies --once.")
@click.option("--seed", default=1, show_default=True, help="Another seed is another day.")
@click.option(
    "--service-bus",
    metavar="CONNECTION_STRING",
    envvar="FNO_LINK_TEST_SERVICE_BUS",
    default="",
    help="Use this namespace or Microsoft's emulator instead of the local broker.",
)
@click.option("--trace", "traced", is_flag=True, help="Print the trace of one order instead of playing the day.")
def command(*, once: bool, as_json: bool, seed: int, service_bus: str, traced: bool) -> None:
    """Run a day of events through the whole local world.

    Starts Azurite, a Service Bus broker, an emulated Entra, Dataverse and Finance & Operations, and the function app on
    Microsoft's own worker library; plays business events, data events, plug-in messages and bad input; loses the link,
    finds it again and moves it. Exit code 1 when an accepted event is lost.
    """
    from emulation.demo.play import DemoFailed, Play  # noqa: PLC0415 (the whole world is imported only when it is started)
    from emulation.demo.report import Reporter  # noqa: PLC0415
    from emulation.demo.world import LocalWorld  # noqa: PLC0415

    if traced:
        _trace()
        return
    if service_bus:
        from emulation.demo.foreign import problems  # noqa: PLC0415

        found = problems(service_bus)
        if found:
            hint = (
                "It needs the entities of emulation/demo/service-bus.toml, empty, and a key that may send and listen."
            )
            raise click.BadParameter("\n  ".join([*found, hint]), param_hint="--service-bus")
    reporter = Reporter(quiet=as_json)
    with reporter.progress() as say, _started(lambda: LocalWorld(say, service_bus)) as world:
        play = Play(world, say, seed)
        try:
            result = play.run()
        except DemoFailed as error:
            raise Failed(
                "DemoFailed",
                str(error),
                "The demo shows what the docs promise; run it again with --json for the balance.",
                exit_code=LOST,
            ) from error
        if as_json:
            print(msgspec.json.encode(result).decode())
        else:
            reporter.table(result, play.ledger)
        if not once and not as_json:
            reporter.urls(world.urls())
            _wait_for_ctrl_c()
    sys.exit(LOST if result.lost else NOTHING_LOST)


def _trace() -> None:
    from emulation.demo.report import Reporter  # noqa: PLC0415 (as above)
    from emulation.demo.traced import order_traced  # noqa: PLC0415
    from emulation.demo.world import LocalWorld  # noqa: PLC0415
    from emulation.traces import drawn  # noqa: PLC0415

    with Reporter(quiet=False).progress() as say, _started(lambda: LocalWorld(say, traced=True)) as world:
        trace, spans = order_traced(world, say)
    print(drawn(trace, spans))


@contextmanager
def _started(make: "Callable[[], LocalWorld]") -> "Generator[LocalWorld]":
    with ExitStack() as stack:
        with told("the local world"):
            world = stack.enter_context(make())
        yield world


def _wait_for_ctrl_c() -> None:
    over = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    over.wait()
