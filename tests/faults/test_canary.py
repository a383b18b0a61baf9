"""What is slow is seen, what is not is not."""

import os
import subprocess
import sys
import time

from emulation.receivers import Receivers
from emulation.tcp_proxy import TcpProxy
from tests.faults.canary import LATE, Canary, merged
from tests.faults.evidence import Window


def window(subject, start, end):
    return Window(fault="overload", subject=subject, start=start, end=end)


def test_a_process_that_answers_late_makes_a_window_of_its_own():
    with Receivers() as receivers:
        port = int(receivers.url("").rstrip("/").rpartition(":")[2])
        with TcpProxy(port) as slow:
            slow.delay(LATE)  # each way
            began = time.time()
            with Canary({"slow": f"http://127.0.0.1:{slow.port}/x", "gone": "http://127.0.0.1:9/"}) as canary:
                time.sleep(3.5)
    (seen,) = [each for each in canary.windows if each.subject != "gone"]
    assert seen.subject == "slow"
    assert began <= seen.start
    assert seen.end - seen.start >= 2 * LATE
    assert all(each.subject == "slow" for each in canary.windows)


def test_a_process_that_waits_for_a_processor_makes_a_window_and_one_that_sleeps_does_not():
    burn = "exec('while True: pass')"
    core = f"{min(os.sched_getaffinity(0))}"
    burning = [
        subprocess.Popen([sys.executable, "-c", f"import os; os.sched_setaffinity(0, {{{core}}}); {burn}"])
        for _ in range(4)
    ]
    sleeping = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        pids = {"burning": burning[0].pid, "sleeping": sleeping.pid, "gone": 2**22}
        time.sleep(1.0)
        with Canary({}, pids=lambda: pids) as canary:
            time.sleep(3.0)
    finally:
        for each in (*burning, sleeping):
            each.kill()
            each.wait()
    seen = {each.subject for each in canary.windows}
    assert "burning" in seen
    assert not seen & {"sleeping", "gone"}


def test_windows_that_touch_are_one():
    found = merged([window("b", 1, 2), window("a", 5, 6), window("a", 1, 2), window("a", 2.5, 3)])
    assert found == [window("a", 1, 3), window("a", 5, 6), window("b", 1, 2)]
