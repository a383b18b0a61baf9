"""schemathesis asks each operation of the live host: what the document says it takes, what it does not, in sequence.

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
from tests.e2e.topology import configuration

HOOKS = "tests.openapi.schemathesis_hooks"
CONFIG = ROOT / "tests" / "openapi" / "schemathesis.toml"
BOUND_SECONDS = 20
"""How long the run of every day may take."""


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


def test_every_operation_does_what_the_document_says(seeded, tmp_path: Path, request):
    something_of_everything(seeded)
    seed = request.config.getoption("--seed")
    seed = random.SystemRandom().randrange(10**6) if seed is None else seed
    more = request.config.getoption("--requests")
    report = tmp_path / "report.json"
    command = [str(Path(sys.executable).with_name("st")), "--config-file", str(CONFIG), "run", str(FILE)]
    command += ["--url", seeded.host.url, "-H", f"x-functions-key: {seeded.host.key}", "--warnings", "off"]
    command += ["--continue-on-failure", "--seed", str(seed), "--report", "json", "--report-json-path", str(report)]
    command += ["--max-examples", str(more or 2), "--request-timeout", "60", "--suppress-health-check", "all"]
    # The same operations once more, for tokens: there are none where no client is configured (test_entra.py asks them).
    command += ["--exclude-path-regex", "^/api/entra/"]
    command += [] if more else ["--max-time", str(BOUND_SECONDS)]
    environ = {**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    # What it keeps beside its report goes to the test's own folder.
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    sys.stderr.write(f"seed {seed}: {done.stdout[done.stdout.rfind('SUMMARY') :]}\n")
    assert done.returncode == 0, f"seed {seed}\n{done.stdout[-12_000:]}\n{done.stderr[-2_000:]}"
    assert json.loads(report.read_text("utf-8"))
