"""A process that imports once and forks for each command: as a start of its own, as far as anybody can tell."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from emulation.child import Child
from emulation.local.warm import CODE, LIBRARIES_OF_HOST
from emulation.zygote import Zygote, ZygoteGone
from tests.e2e.stage import until

# Forking with a second thread is a warning of Python's, and would be an error here.
STRICT = ("-W", "error")
PYTHON = sys.executable


@pytest.fixture
def zygote(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Zygote.begin(["json"], log=tmp_path / "zygote.log", env=os.environ, options=STRICT) as begun:
        yield begun


def complete(zygote, folder, *arguments, stdin=b"", seconds=60.0, **env):
    command = [PYTHON, *arguments]
    return zygote.complete(command, env={**os.environ, **env}, cwd=folder, stdin=stdin, seconds=seconds)


def there_is(pid):
    return Path(f"/proc/{pid}").exists()


def test_a_command_finds_what_it_would_find_in_a_process_of_its_own(zygote, tmp_path):
    (tmp_path / "said.py").write_text(
        "import os, sys\n"
        "if __name__ == '__main__':\n"
        "    print(sys.argv[1:], os.getcwd(), os.environ['OURS'], 'json' in sys.modules, sys.stdin.read())\n"
        "    print('to stderr', file=sys.stderr)\n"
        "    sys.exit(7)\n"
    )
    done = complete(zygote, tmp_path, "-m", "said", "a", "b", stdin=b"read", OURS="x")
    assert (done.returncode, done.stderr) == (7, b"to stderr\n")
    assert done.stdout.decode() == f"['a', 'b'] {tmp_path} x True read\n"
    assert complete(zygote, tmp_path, "-c", "import os; print(os.environ.get('OURS'))").stdout == b"None\n"
    failed = complete(zygote, tmp_path, "-c", "1 / 0")
    assert failed.returncode == 1
    assert b"ZeroDivisionError" in failed.stderr


def test_options_of_the_interpreter_come_too_late(zygote, tmp_path):
    with pytest.raises(ValueError, match="the interpreter's options are its own"):
        complete(zygote, tmp_path, "-W", "error", "-c", "")


def test_code_that_changes_is_imported_anew_by_another_that_is_grown(zygote, tmp_path):
    module = tmp_path / "changing.py"
    for edition in ("first", "second edition"):
        module.write_text(f"EDITION = {edition!r}\n")
        with zygote.grown(["changing", "that_is_not_there"]) as grown:
            done = complete(grown, tmp_path, "-c", "import sys; print(sys.modules['changing'].EDITION)")
            assert done.stdout.decode().strip() == edition
    assert "that_is_not_there" in (tmp_path / "zygote.log").read_text()


def test_who_does_not_end_in_time_is_killed(zygote, tmp_path):
    file = tmp_path / "pid"
    code = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
    with pytest.raises(subprocess.TimeoutExpired):
        complete(zygote, tmp_path, "-c", code, str(file), seconds=1.0)
    until(lambda: not there_is(int(file.read_text() or 0)))


def test_a_child_ends_with_its_standard_input_and_gives_what_it_inherits_a_number(zygote, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        code = (
            "import socket, sys\n"
            "taken, _ = socket.socket(fileno=int(sys.argv[1])).accept()\n"
            "taken.sendall(b'here'); print('answered', flush=True); sys.stdin.read(); sys.exit(5)"
        )
        number = listening.fileno()
        command = [PYTHON, "-c", code, str(number)]
        log = tmp_path / "log"
        with Child("a server", command, log=log, pass_fds=[number], start=zygote.start) as child:
            with socket.create_connection(listening.getsockname()) as asking:
                assert asking.recv(4) == b"here"
            child.wait_until(lambda log: True if "answered" in log else None, seconds=60)
            assert os.getpgid(child.pid) == child.pid
            child.pause()
            child.resume()
            assert child.exit_code is None
            child.terminate()
            assert child.wait(seconds=60) == -signal.SIGTERM


def test_a_process_ends_with_the_one_that_holds_its_standard_input(tmp_path):
    code = (
        "import os, sys, time; from pathlib import Path\n"
        "from emulation.zygote import Zygote; from emulation.child import Child\n"
        "log, read = Path(sys.argv[1]), [sys.executable, '-c', 'import sys; sys.stdin.read()']\n"
        "child = Child('c', read, log=log, start=Zygote.begin([], log=log, env=os.environ).start)\n"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    with Child("its parent", [PYTHON, "-c", code, str(tmp_path / "log")], log=tmp_path / "parent") as parent:
        pid = parent.wait_until(lambda log: int(log) if log.endswith("\n") else None, seconds=60)
        assert there_is(pid)
        zygotes = parent_of(pid)
        os.kill(parent.pid, signal.SIGKILL)
        until(lambda: not there_is(pid))
        until(lambda: not there_is(zygotes))


def test_what_was_forked_outlives_it_and_both_are_gone_in_the_end(tmp_path):
    zygote = Zygote.begin([], log=tmp_path / "zygote.log", env=os.environ, options=STRICT)
    grown = zygote.grown([])
    with Child("a reader", [PYTHON, "-c", "input()"], log=tmp_path / "log", start=grown.start) as child:
        parent = int(complete(grown, tmp_path, "-c", "import os; print(os.getppid())").stdout)
        grown.close()
        assert child.exit_code is None
        assert there_is(parent)
        child.tell(b"on\n")
        until(lambda: not there_is(child.pid))
        until(lambda: not there_is(parent))
    zygote.close()


def test_one_that_is_killed_is_told_of_and_so_is_the_end_of_what_it_forked(zygote, tmp_path):
    with Child("a reader", [PYTHON, "-c", "input()"], log=tmp_path / "log", start=zygote.start) as child:
        parent = int(complete(zygote, tmp_path, "-c", "import os; print(os.getppid())").stdout)
        os.kill(parent, signal.SIGKILL)
        until(lambda: not zygote_answers(zygote, tmp_path))
        assert child.exit_code is None
        child.tell(b"on\n")
        assert child.wait(seconds=60) == 1


def test_what_the_app_imports_beforehand_starts_no_thread_and_is_there(tmp_path):
    log = tmp_path / "zygote.log"
    with Zygote.begin([*LIBRARIES_OF_HOST, *CODE], log=log, env=os.environ, options=STRICT) as zygote:
        code = f"import sys; print(set({CODE!r}) <= set(sys.modules), 'function_app' in sys.modules)"
        assert complete(zygote, tmp_path, "-c", code).stdout == b"True False\n", log.read_text()
    assert log.read_text() == ""


def zygote_answers(zygote, folder):
    try:
        return complete(zygote, folder, "-c", "").returncode == 0
    except ZygoteGone:
        return False


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
