"""The process of a zygote: imports, then forks for each order, and tells what becomes of whom it has forked.

It has one thread and no event loop, as what is forked would have neither another's threads nor a lock that one of them
held. It ends when nobody holds the other end of its connection, once those that it has forked have ended.
"""

import contextlib
import fcntl
import gc
import importlib
import os
import runpy
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from multiprocessing import reduction
from multiprocessing.connection import Connection, wait

import msgspec

from emulation.zygote.orders import Become, Ended, Forked, Order

_ABOVE = 100
"""Received descriptors stand from here on until each has its own number."""


def main() -> None:
    """Serve orders; in a process that was forked, run what was ordered."""
    connection = Connection(int(sys.argv[1]))
    imports = sys.argv[2:]
    while True:
        _import(imports)
        order = _serve(connection)
        if order is None:
            _wait_for_all()
            return
        what, descriptors = order
        connection.close()
        if isinstance(what, Become):
            _become(what, descriptors)
            return
        imports, connection = what.imports, Connection(descriptors[0])


def _import(names: Sequence[str]) -> None:
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001 - whoever needs it meets the same, and is asked
            traceback.print_exc()
    # What is there now stays: collecting need not look at it, in any of the processes to come.
    gc.freeze()


def _serve(connection: Connection) -> tuple[Order, list[int]] | None:
    """Fork for each order; return it in the new process, None at the end."""
    with contextlib.ExitStack() as stack:
        asleep, alarm = (stack.enter_context(each) for each in socket.socketpair())
        for each in (asleep, alarm):
            each.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(alarm.fileno())
        stack.callback(signal.signal, signal.SIGCHLD, signal.SIG_DFL)
        stack.callback(signal.set_wakeup_fd, -1)
        while True:
            if asleep in wait([connection, asleep]):
                with contextlib.suppress(BlockingIOError):
                    asleep.recv(4096)
            try:
                _tell_ended(connection)
                if not connection.poll():
                    continue
                order = msgspec.json.decode(connection.recv_bytes(), type=Order)
                count = len(order.descriptors) if isinstance(order, Become) else 1
                descriptors = [reduction.recv_handle(connection) for _ in range(count)]
            except (EOFError, OSError):
                return None
            sys.stdout.flush()
            sys.stderr.flush()
            pid = os.fork()
            with contextlib.suppress(PermissionError):  # both do it, as either may be first
                os.setpgid(pid, pid)
            if not pid:
                return order, descriptors
            for each in descriptors:
                os.close(each)
            if isinstance(order, Become):
                connection.send_bytes(msgspec.json.encode(Forked(pid)))


def _tell_ended(connection: Connection) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        connection.send_bytes(msgspec.json.encode(Ended(pid, os.waitstatus_to_exitcode(status))))


def _wait_for_all() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _become(order: Become, descriptors: Sequence[int]) -> None:
    above = [fcntl.fcntl(each, fcntl.F_DUPFD, _ABOVE) for each in descriptors]
    for each in descriptors:
        os.close(each)
    for each, number in zip(above, order.descriptors, strict=True):
        os.dup2(each, number)
        os.close(each)
    os.environ.clear()
    os.environ.update(order.env)
    os.chdir(order.folder)
    sys.path[0] = order.folder
    how, what, *arguments = order.arguments
    if how == "-m":
        sys.argv[:] = [what, *arguments]
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = ["-c", *arguments]
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - it is what `python -c` does


if __name__ == "__main__":
    main()
