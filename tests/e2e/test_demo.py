"""The newcomer's first command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.stage import ROOT

pytestmark = pytest.mark.xdist_group("e2e-demo")
KEYS = {
    "accepted",
    "delivered_events",
    "delivered_after_parking",
    "parked_now",
    "received",
    "dead_lettered",
    "duplicates",
    "lost",
    "dataverse_link_calls",
    "alerts",
    "seconds",
}


def test_the_demo_plays_a_day_and_loses_nothing():
    command = [Path(sys.executable).with_name("fno-link"), "demo", "--once", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    result = json.loads(done.stdout)
    assert set(result) == KEYS
    assert result["lost"] == 0
    assert result["duplicates"] == 0
    assert {"bus:orders", "bus:invoices/usmf", "bus:invoices/others"} <= set(result["received"])
    assert result["accepted"] >= 200
    assert result["parked_now"] == 0
    assert result["delivered_after_parking"] > 0
    assert result["alerts"] == [f"fno-link.integration.{what}" for what in ("lost", "restored", "relinked")]
    assert {"Undecodable", "Unrouted"} <= set(result["dead_lettered"])
