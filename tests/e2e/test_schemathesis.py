"""schemathesis asks each operation of the live host: what the document says it takes, what it does not, in sequence.

With a key, and with a token of the emulated Entra where tokens are taken.

`uv run pytest -n0 --timeout 3600 -s tests/e2e/test_schemathesis.py --requests 100` draws that many for each operation
and follows links as often; with `--seed` the same again.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documented import FILE
from tests.e2e.stage import ROOT, Stage, business_event, until
from tests.e2e.topology import OPERATOR, configuration

HOOKS = "tests.openapi.schemathesis_hooks"
CONFIG = ROOT / "tests" / "openapi" / "schemathesis.toml"
BOUND_SECONDS, BOUND_SECONDS_OF_TOKENS = 12, 8
"""How long the runs of every day may take: with a key, with a token."""


@pytest.fixture(scope="module")
def seeded(azurite, tmp_path_factory):
    # One of its own: what is asked purges, mutes and calls maintenance.
    text = configuration() + "\n[status]\npublic = true\n"
    with Stage(tmp_path_factory.mktemp("schemathesis"), azurite.spare_account(), text=text) as stage:
        yield stage


def something_of_everything(stage):
    """Have an event that was delivered, one that was refused, and one that waits for its link."""
    stage.receivers.fail("flaky", 400, body="no")
    stage.unlink("parking")
    for type_ in ("FlakyBusinessEvent", "ArchiveBusinessEvent"):
        assert stage.post("contoso", business_event(type_)).status_code == 202
    until(lambda: stage.get("dead-letters").json()["deadLetters"])
    until(lambda: stage.get("events?state=done").json()["events"])


def ask_all(stage: Stage, folder: Path, request, *options: str, bound: int) -> None:
    seed = request.config.getoption("--seed")
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    more = request.config.getoption("--requests")
    report = folder / "report.json"
    command = [str(Path(sys.executable).with_name("st")), "--config-file", str(CONFIG), "run", str(FILE)]
    command += ["--url", stage.host.url, *options, "--warnings", "off"]
    command += ["--continue-on-failure", "--seed", str(seed), "--report", "json", "--report-json-path", str(report)]
    command += ["--max-examples", str(more or 2), "--request-timeout", "60", "--suppress-health-check", "all"]
    command += [] if more else ["--max-time", str(bound)]
    environ = {**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    # What it keeps beside its report goes to the test's own folder.
    done = subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, check=False)
    sys.stderr.write(f"seed {seed}: {done.stdout[done.stdout.rfind('SUMMARY') :]}\n")
    assert done.returncode == 0, f"seed {seed}\n{done.stdout[-12_000:]}\n{done.stderr[-2_000:]}"
    assert json.loads(report.read_text("utf-8"))


def test_every_operation_does_what_the_document_says(seeded, tmp_path: Path, request):
    something_of_everything(seeded)
    key = ("-H", f"x-functions-key: {seeded.host.key}", "--exclude-path-regex", "^/api/entra/")
    ask_all(seeded, tmp_path, request, *key, bound=BOUND_SECONDS)


def test_so_does_every_operation_that_takes_a_token(seeded, tmp_path: Path, request):
    something_of_everything(seeded)
    seeded.control.set_token_lifetime(86_399)  # a run with --requests may last
    token = ("-H", f"Authorization: Bearer {seeded.token(OPERATOR)}", "--include-path-regex", "^/api/entra/")
    ask_all(seeded, tmp_path, request, *token, bound=BOUND_SECONDS_OF_TOKENS)
