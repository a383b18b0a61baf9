"""Two threads that import packages which import each other: one after the other, each gets a finished module."""

import sys
import threading
import time

from integration.storage.sdk import sdk

# Sound for one thread, as those of azure.core are.
CIRCLE = {
    "in_turn_one": "import time\nMADE = 1\ntime.sleep(1)\nimport in_turn_two\nUSED = in_turn_two.MADE\n",
    "in_turn_two": "import time\ntime.sleep(0.2)\nimport in_turn_one\nMADE = in_turn_one.MADE\n",
}


def test_packages_that_import_each_other_are_whole_in_both_threads(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    errors = []

    def load(name):
        try:
            sdk(name)
        except Exception as error:  # noqa: BLE001 - whichever it is
            errors.append(error)

    threads = []
    for name, text in CIRCLE.items():
        (tmp_path / f"{name}.py").write_text(text)
        threads.append(threading.Thread(target=load, args=[name]))
    try:
        for thread in threads:
            thread.start()
            time.sleep(0.1)
        for thread in threads:
            thread.join()
        assert errors == []
        assert sys.modules["in_turn_one"].USED == 1
    finally:
        for name in CIRCLE:
            sys.modules.pop(name, None)
