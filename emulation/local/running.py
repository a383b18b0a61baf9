"""`fno-link local` from start to end: the world stands, follows changes, and goes when it is told to."""

import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType

import msgspec

from emulation.failure import BAD, Failed
from emulation.local import checking, shown
from emulation.local.checking import Refused
from emulation.local.document import Document, Unreadable, read
from emulation.local.given import Given, given
from emulation.local.home import Home, State
from emulation.local.log import Follower
from emulation.local.state import state_of
from emulation.local.watching import Watcher, touches_code
from emulation.local.world import LocalWorld, connections_made
from emulation.plain_text import plain

_SHOWN = 3


class Run:
    """One run.

    Args:
        config: The file named on the command line, if one was.
        port: Of the function app.
        keep: Whether storage, broker and keys are kept.
        as_json: Print the state as one JSON line, instead of tables.
    """

    def __init__(self, config: str | None, *, port: int, keep: bool, as_json: bool) -> None:
        self._config = config
        self._port = port
        self._keep = keep
        self._as_json = as_json
        self._began = time.monotonic()

    def run(self) -> None:
        """Stand until Ctrl-C or SIGTERM.

        Raises:
            Failed: It cannot stand.
        """
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # begun parts are ended in order
        began = given(self._config)
        document = _read(began)
        home = Home(began.configuration)
        with (
            home.taken(keep=self._keep),
            LocalWorld(home, port=self._port, keep=self._keep, say=self._say) as world,
            Watcher(began) as watcher,
        ):
            try:
                warnings = world.play(began, document)
                world.stand(unless=lambda: False)
            except Refused as refused:
                msg = f"{began.configuration.name} cannot be used: {refused}"
                raise Failed("Configuration", msg, "`fno-link config check` explains it.", exit_code=BAD) from refused
            state = state_of(world, document)
            home.say(state)
            self._introduce(world, state, warnings)
            with Follower(world, self._warn) as log:
                _end_by(watcher)
                while (changed := watcher.wait()) is not None:
                    self._follow(world, home, sorted(changed), lambda: watcher.pending)
                    log.look()

    def _follow(self, world: LocalWorld, home: Home, changed: Sequence[Path], overtaken: Callable[[], bool]) -> None:
        self._began = time.monotonic()
        shown_ones = [each.name for each in changed[:_SHOWN]]
        names = ", ".join(shown_ones) + (f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else "")
        self._say(f"{names} changed")
        if touches_code(changed):
            world.renew()
        try:
            now = given(self._config)
            document = _read(now)
            checking.compiles(changed)
            warnings = world.play(now, document)
            state = state_of(world, document)
            home.say(state)
            self._say("requests are answered by what was changed")
            if not world.stand(unless=overtaken):
                return
        except Refused as refused:
            self._warn(f"{names}: this cannot be used, what ran before goes on:")
            self._warn(*refused.problems)
            return
        except Failed as failure:
            host = world.running_host
            before = ["What ran before goes on."] if host is not None and host.exit_code is None else []
            self._warn(f"{names}: {failure.message}", failure.hint, *before, "It is tried again at the next change.")
            return
        self._introduce(world, state, warnings, again=True)

    def _introduce(self, world: LocalWorld, state: State, warnings: Iterable[str], *, again: bool = False) -> None:
        self._warn(*(f"warning: {each}" for each in warnings))
        if self._as_json:
            print(msgspec.json.encode({"ready": state}).decode(), flush=True)
            return
        if not again:
            shown.made_up((*connections_made(world), *world.played.made_up))
            shown.table("Where things are", ("what", "where"), list(shown.places(state, world.storage)))
        sending = [(each.name, each.kind, shown.sending(each, state)) for each in state.sources]
        shown.table("Send something", ("source", "kind", "by"), sending)
        shown.table("Ask with a token of Entra", ("what", "by"), list(shown.asking(state)))
        if not again:
            shown.table("Change the link", ("what", "by"), list(shown.orders(state)))
        for hub in world.played.hubs:
            self._warn(f"the source {hub} reads an event hub, which is not played here: `fno-link send` feeds it")
        ready = "stands again" if again else "stands; files are watched, Ctrl-C ends it"
        self._say(f"the world {ready}")
        sys.stdout.flush()

    def _say(self, what: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {plain(what)}", file=sys.stderr, flush=True)

    def _warn(self, *lines: str) -> None:
        for line in lines:
            print(f"          {plain(line)}", file=sys.stderr, flush=True)


def _read(given_: Given) -> Document:
    try:
        return read(given_.configuration)
    except Unreadable as error:
        raise Failed("Configuration", str(error), "It is TOML, see toml.io.", exit_code=BAD) from error


def _end_by(watcher: Watcher) -> None:
    """Let the first Ctrl-C or SIGTERM end the run in order; a second one while it ends is not waited for."""

    def end(_number: int, _frame: FrameType | None) -> None:
        watcher.end()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
