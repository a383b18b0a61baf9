"""Run the live tests of the Azure SDK for Python against the local broker.

    uv run python -m tests.contract.service_bus_sdk.run [--workers N] [-k EXPRESSION] [--json]

The tests are part of the SDK's source distribution; they are downloaded at run time, kept in the user's cache, and
never committed. What stands in for Azure is in `harness`. Known failures are listed with their reasons in
`known_failures.toml`: an unlisted failure, and an unlisted pass, fail the run (exit 1).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest
import trustme

from emulation.azurite.installation import cache_folder
from emulation.service_bus import ServiceBus

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent
CACHE = cache_folder()
LOG = CACHE / f"sdk-tests-{os.getpid()}.log"  # kept when a run fails
HOSTS = "*.servicebus.windows.net"
NOT_LIVE = ("mgmt_tests", "perf_tests", "unittests", "test_tracing.py")  # no live test in them; need more packages
INI = "[pytest]\nasyncio_mode = auto\ntimeout = 400\n"


class Verdict(msgspec.Struct):
    """What a run showed.

    Args:
        passed: How many tests passed.
        total: How many ran.
        failures: Tests that failed without being listed.
        passes: Listed tests that passed.
        known: Listed tests that failed.
        seconds: The sum of the tests' durations.
    """

    passed: int
    total: int
    failures: list[str]
    passes: list[str]
    known: list[str]
    seconds: float

    @property
    def ok(self) -> bool:
        return self.total > 0 and not self.failures and not self.passes


def sdk_tests() -> Path:
    """Download the SDK's source distribution once; return its folder of tests."""
    release = version("azure-servicebus")
    folder = CACHE / f"azure-servicebus-{release}"
    if not (folder / "tests").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            download(f"azure-servicebus=={release}", Path(scratch))
            (archive,) = Path(scratch).glob("*.tar.gz")
            with tarfile.open(archive) as packed:
                packed.extractall(scratch, filter="data")
            (extracted,) = (path for path in Path(scratch).iterdir() if path.is_dir())
            for replaced in ("conftest.py", "servicebus_preparer.py"):
                (extracted / "tests" / replaced).unlink()
            if not folder.exists():
                shutil.move(extracted, folder)
    return folder / "tests"


def download(requirement: str, target: Path) -> None:
    """Let pip fetch a source distribution from whatever index it is configured with."""
    uv = shutil.which("uv")
    pip = [uv, "tool", "run", "pip"] if uv else [sys.executable, "-m", "pip"]
    command = [*pip, "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(target), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"cannot download {requirement}: {done.stderr.strip()}")


def known_failures() -> dict[str, str]:
    """Return the reason of each known failure by test."""
    listed = tomllib.loads((HERE / "known_failures.toml").read_text())
    return {entry["test"]: entry["reason"] for entry in listed.get("failure", [])}


def run(select: Sequence[str] = (), *, workers: int = 6, expression: str = "") -> Verdict:
    """Run the live tests, all or those selected by node id, and compare with what is known."""
    tests = sdk_tests()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "authority.pem")
        authority.issue_cert(HOSTS, "localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
        (folder / "pytest.ini").write_text(INI)
        results = folder / "results.jsonl"
        results.touch()
        with ServiceBus(certificate=folder / "server.pem") as bus:
            outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
            environment = outer | {
                "PYTHONPATH": os.pathsep.join(map(str, (HERE / "harness", tests, tests / "async_tests", ROOT))),
                "SSL_CERT_FILE": str(folder / "authority.pem"),
                "SDK_TESTS_CONTROL_PORT": str(bus.control_port),
                "SDK_TESTS_TLS_PORT": str(bus.tls_port),
                "SDK_TESTS_RESULTS": str(results),
            }
            command = [sys.executable, "-m", "pytest", "-c", str(folder / "pytest.ini"), "--rootdir", str(tests)]
            command += ["-p", "sdk_namespace", "-p", "no:cacheprovider", "--runxfail", "-q", "-m", "liveTest"]
            command += ["-n", str(workers), "--dist", "worksteal", "--tb", "short", "--import-mode", "importlib"]
            command += ["-k", expression] if expression else []
            command += list(select) or [".", *(f"--ignore={name}" for name in NOT_LIVE)]
            with LOG.open("w") as log:
                done = subprocess.run(command, cwd=tests, env=environment, stdout=log, stderr=log, check=False)
            if done.returncode not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
                sys.exit(f"pytest could not run the tests ({done.returncode}); see {LOG}")
        outcomes = [json.loads(line) for line in results.read_text().splitlines()]
    verdict = judge(outcomes)
    if verdict.ok:
        LOG.unlink()
    return verdict


def judge(outcomes: Sequence[dict[str, object]]) -> Verdict:
    """Compare outcomes with the known failures; of a test that failed anywhere, the failure counts."""
    known = known_failures()
    passed: dict[str, bool] = {}
    for outcome in outcomes:
        if outcome["outcome"] == "skipped":  # by the SDK itself
            continue
        test = str(outcome["test"])
        passed[test] = passed.get(test, True) and outcome["outcome"] == "passed"
    return Verdict(
        passed=sum(passed.values()),
        total=len(passed),
        failures=sorted(test for test, good in passed.items() if not good and test not in known),
        passes=sorted(test for test, good in passed.items() if good and test in known),
        known=sorted(test for test, good in passed.items() if not good and test in known),
        seconds=round(sum(float(str(outcome["seconds"])) for outcome in outcomes), 1),
    )


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "tests", nargs="*", help="node ids relative to the SDK's folder of tests; default: all live tests"
    )
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("-k", dest="expression", default="", help="as in pytest")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    verdict = run(options.tests, workers=options.workers, expression=options.expression)
    if options.json:
        say(msgspec.json.encode(verdict).decode())
        return 0 if verdict.ok else 1
    say(f"{verdict.passed} of {verdict.total} passed, {len(verdict.known)} known failures")
    for title, tests in (("failed", verdict.failures), ("passed though listed as failing", verdict.passes)):
        for test in tests:
            say(f"{title}: {test}")
    if not verdict.ok:
        say(f"the tests' output is in {LOG}")
    return 0 if verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main())
