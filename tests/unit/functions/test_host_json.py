"""host.json: what the app relies on."""

import json
from pathlib import Path

HOST = json.loads((Path(__file__).parents[3] / "host.json").read_text())


def test_no_record_of_ours_is_sampled_away():
    sampling = HOST["logging"]["applicationInsights"]["samplingSettings"]
    assert {"Request", "Exception", "Trace"} <= set(sampling["excludedTypes"].split(";"))
