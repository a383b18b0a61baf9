"""From saving a file to the first request that `fno-link local` answers by it, beside a bare import of what it runs.

The configuration is that of the test of the command: five sources, twelve processes of the app. The code that is
changed is a copy. Meanwhile somebody asks every few milliseconds over a connection of its own: nobody may be refused.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from benchmarks.measure import Row, row, told
from emulation.child import Child
from emulation.functions_host.libraries import LIBRARIES
from emulation.local.warm import CODE

ROOT = Path(__file__).parents[1]
SAMPLE = (ROOT / "emulation/samples/sales-order-confirmed.json").read_bytes()
TOML = """
[[organizations]]
name = "fabrikam"
url = "https://fabrikam.crm4.dynamics.com"
tenant = "fabrikam.onmicrosoft.com"

[sources.erp]
kind = "http"
organization = "fabrikam"

[sources.queue]
kind = "storage_queue"
organization = "fabrikam"
queue = "inbox"

[sources.bus]
kind = "service_bus"
organization = "fabrikam"
queue = "bus-in"
sessions = true

[sources.grid]
kind = "event_grid"
organization = "fabrikam"

[sources.hub]
kind = "event_hub"
organization = "fabrikam"
event_hub = "hub"

[targets.hook]
kind = "webhook"
url = "https://customers.example.com/in"

[[routes]]
name = "all"
event_types = ["*"]
target = "hook"
"""
SOURCE = """
[sources.{name}]
kind = "http"
organization = "fabrikam"
"""
ORGANIZATION = """
[[organizations]]
name = "{name}"
url = "https://{name}.crm4.dynamics.com"
tenant = "{name}.onmicrosoft.com"
[sources.{name}]
kind = "http"
organization = "{name}"
"""
SAID = "no HTTP source named"
WITHIN = 120.0
EVERY = 0.02


class Local:
    """`fno-link local` on a copy of the code."""

    def __init__(self, folder: Path) -> None:
        app = folder / "app"
        app.mkdir()
        shutil.copytree(ROOT / "integration", app / "integration", ignore=shutil.ignore_patterns("__pycache__"))
        (app / "emulation").symlink_to(ROOT / "emulation")
        for name in ("function_app.py", "host.json"):
            shutil.copy(ROOT / name, app)
        self.code = app / "integration/functions/intake.py"
        self.file = folder / "fno-link.toml"
        self.file.write_text(TOML)
        environ = {**os.environ, "PYTHONPATH": str(app), "PYTHONPYCACHEPREFIX": str(folder / "cache")}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [sys.executable, "-c", "from integration.cli import main; main()", "local", "--json"]
        self.child = Child("fno-link local", command, log=folder / "log", env=environ, cwd=folder)
        self.environ = environ
        self.app = app
        self._stood = 0
        try:
            self.state = self.stands()
        except BaseException:
            self.child.stop(seconds=60)
            raise

    def stands(self) -> Any:
        """Wait until all processes stand, once more than before, and return what is said then."""

        def look(log: str) -> Any:
            lines = [each for each in log.splitlines(keepends=True) if each.startswith('{"ready"') and each[-1] == "\n"]
            return json.loads(lines[self._stood])["ready"] if len(lines) > self._stood else None

        state = self.child.wait_until(look, seconds=WITHIN)
        self._stood += 1
        return state

    def post(self, source: str) -> httpx.Response:
        return httpx.post(
            f"{self.state['app']}/api/events/{source}",
            content=SAMPLE,
            headers={"x-functions-key": self.state["key"]},
            trust_env=False,
            timeout=WITHIN,
        )

    def change(self, path: Path, text: str, answered: Callable[[], bool]) -> tuple[float, float]:
        """Save a file; return the seconds to the first answer by it, and to the last process that stands."""
        saved = time.perf_counter()
        path.write_text(text)
        while not answered():
            if time.perf_counter() - saved > WITHIN:
                raise RuntimeError(self.child.log[-3000:])
            time.sleep(EVERY)
        answer = time.perf_counter() - saved
        self.stands()
        return answer, time.perf_counter() - saved

    @contextmanager
    def asked(self) -> Iterator[list[str]]:
        """Ask all the time; what is yielded holds what was no answer."""
        end, failed = threading.Event(), list[str]()

        def ask() -> None:
            while not end.wait(EVERY):
                try:
                    httpx.get(f"{self.state['app']}/api/health", trust_env=False, timeout=WITHIN)
                except httpx.HTTPError as error:
                    failed.append(type(error).__name__)

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield failed
        finally:
            end.set()
            thread.join()

    def imported(self) -> float:
        """Return the seconds that a bare Python takes to import what a process of the app has imported."""
        code = ";".join(f"import {each}" for each in (*LIBRARIES, *CODE))
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], env=self.environ, cwd=self.app, check=True)
        return time.perf_counter() - began


def rows(*, quick: bool = False) -> list[Row]:
    rounds = 2 if quick else 7
    bare, by_toml, by_code, by_organization, all_stand, refused = [], [], [], [], [], 0
    loads = [os.getloadavg()[0]]
    with TemporaryDirectory(prefix="bench-local-") as scratch:
        local = Local(Path(scratch))
        said = local.code.read_text()
        try:
            for turn in range(rounds):
                bare.append(local.imported())
                name = f"source{turn}"
                with local.asked() as failed:
                    answer, stand = local.change(
                        local.file,
                        TOML + SOURCE.format(name=name),
                        lambda name=name: local.post(name).status_code == httpx.codes.ACCEPTED,
                    )
                    by_toml.append(answer)
                    all_stand.append(stand)
                    edition = f"edition {turn} has {SAID}"
                    answer, _ = local.change(
                        local.code,
                        said.replace(SAID, edition),
                        lambda edition=edition: edition in local.post("no").text,
                    )
                    by_code.append(answer)
                    name = f"organization{turn}"
                    answer, _ = local.change(
                        local.file,
                        TOML + ORGANIZATION.format(name=name),
                        lambda name=name: local.post(name).status_code == httpx.codes.ACCEPTED,
                    )
                    by_organization.append(answer)
                refused += len(failed)
                loads.append(os.getloadavg()[0])
        finally:
            local.child.stop(seconds=60)
    against = f"a bare Python that imports the same; load of the machine {min(loads):.1f} to {max(loads):.1f}"
    return told(
        [
            row("importing the app and its libraries, bare", bare, "s"),
            row(
                "fno-link.toml saved, to the first answer by it",
                by_toml,
                "s",
                base=bare,
                against=against,
                paired=True,
                budget=1.0,
            ),
            row(
                "a module saved, to the first answer by it",
                by_code,
                "s",
                base=bare,
                against=against,
                paired=True,
                budget=1.5,
            ),
            row(
                "an organization added, to the first answer by it",
                by_organization,
                "s",
                base=bare,
                against=against,
                paired=True,
                budget=1.5,
            ),
            row(
                "fno-link.toml saved, until all processes stand",
                all_stand,
                "s",
                base=bare,
                against=against,
                paired=True,
            ),
            row("requests that were refused meanwhile", float(refused), "requests", budget=0),
        ]
    )
