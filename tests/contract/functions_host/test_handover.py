"""One host takes over from another behind a socket that stays open: nobody is refused, nobody is answered by both."""

import os
import socket
import threading
from typing import Self

import httpx
import pytest

from emulation.child import ChildFailed
from emulation.functions_host import FunctionsHost
from emulation.local.warm import LIBRARIES_OF_HOST
from emulation.zygote import Zygote
from tests.contract.functions_host.test_groups import gone
from tests.e2e.stage import until

APP = """
import os, pathlib

@app.route("edition", auth_level=func.AuthLevel.ANONYMOUS)
def edition(req: func.HttpRequest) -> str:
    return "EDITION"

@app.function_name("ticking")
@app.timer_trigger("timer", "0 0 0 1 1 *")
def ticking(timer: func.TimerRequest) -> None: ...

@app.function_name("tocking")
@app.timer_trigger("timer", "0 0 0 1 1 *")
def tocking(timer: func.TimerRequest) -> None: ...
"""


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0), backlog=128) as opened:
        yield opened


@pytest.fixture(scope="module")
def zygote(tmp_path_factory):
    log = tmp_path_factory.mktemp("zygote") / "log"
    with Zygote.begin(LIBRARIES_OF_HOST, log=log, env=os.environ, options=["-W", "error"]) as begun:
        yield begun


@pytest.fixture
def made(write, listening, azurite, zygote):
    hosts = list[FunctionsHost]()

    def made(edition, **options):
        # Of another length each: byte code is known by seconds and size.
        folder = write(APP.replace("EDITION", edition))
        env = {"AzureWebJobsStorage": azurite.connection_string}
        host = FunctionsHost(folder, env=env, listening=listening, drain=2.0, python=(), begin=zygote.start, **options)
        hosts.append(host)
        return host

    yield made
    for each in hosts:
        each.close()


class Asking:
    """Asks all the time, over a connection for each request; what is no answer is its error."""

    def __init__(self, listening: socket.socket) -> None:
        self._url = f"http://127.0.0.1:{listening.getsockname()[1]}/api/edition"
        self._end = threading.Event()
        self.answers = list[str]()
        self._thread = threading.Thread(target=self._ask)

    def _ask(self) -> None:
        while not self._end.is_set():
            try:
                self.answers.append(httpx.get(self._url, trust_env=False, timeout=120).text)
            except httpx.HTTPError as error:
                self.answers.append(type(error).__name__)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


@pytest.mark.parametrize("groups", [False, True], ids=["one process", "a process for each group"])
def test_requests_wait_for_the_next_host_and_then_only_that_one_answers(made, listening, groups):
    before = made("one", scaling_groups=groups, at_once=1)
    with Asking(listening) as asking:
        before.load()
        assert asking.answers == []
        before.answer()
        assert before.stand(lambda: False)
        assert len(before.processes) == (3 if groups else 0)
        until(lambda: "one" in asking.answers)
        after = made("another", scaling_groups=groups, at_once=1)
        after.load()
        loaded = len(asking.answers)
        until(lambda: len(asking.answers) > loaded + 3)
        assert set(asking.answers) == {"one"}
        before.leave(within=60)
        after.answer()
        until(lambda: asking.answers[-1] == "another")
        pids = [before.pid, *(each.pid for each in before.processes.values())]
        before.close()
        assert all(map(gone, pids))
    first = asking.answers.index("another")
    assert set(asking.answers[:first]) == {"one"}
    assert set(asking.answers[first:]) == {"another"}
    assert after.url == before.url


def test_an_app_that_cannot_be_loaded_leaves_the_host_before_it_alone(made, listening):
    before = made("one")
    before.load()
    before.answer()
    broken = made('"\n\nraise RuntimeError("not this " + "one")\n"')
    with pytest.raises(ChildFailed, match="not this one"):
        broken.load()
    assert httpx.get(f"{before.url}/api/edition", trust_env=False, timeout=60).text == "one"


def test_one_that_is_held_can_be_stopped_before_it_has_answered(made):
    host = made("one", scaling_groups=True)
    host.load()
    pid = host.pid
    assert host.stop() == 0
    until(lambda: gone(pid))


def test_a_start_that_is_overtaken_is_not_waited_for(made):
    host = made("one", scaling_groups=True, at_once=1)
    host.load()
    host.answer()
    assert not host.stand(lambda: True) or len(host.processes) == 3
    assert host.stop() == 0


def test_whoever_takes_the_place_of_a_killed_process_answers_at_the_same_door(made):
    host = made("one", scaling_groups=True)
    host.load()
    host.answer()
    assert host.stand(lambda: False)
    before = host.processes["http"].pid
    host.kill_group("http")
    assert httpx.get(f"{host.url}/api/edition", trust_env=False, timeout=60).text == "one"
    assert host.processes["http"].pid != before
    assert os.getpgid(host.pid) == host.pid
    assert host.stop() == 0
