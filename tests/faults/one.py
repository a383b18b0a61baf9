"""`python -m tests.faults.one SEED EVENTS FOLDER PROCESSES [BUILD]`: one seed here; the last line is its result."""

import sys
import time
import traceback
from pathlib import Path

import click
import msgspec

from tests.faults import broken
from tests.faults.oracle import judge
from tests.faults.result import Result
from tests.faults.schedule import plan
from tests.faults.trial import run


def main(seed: int, events: int, folder: Path, processes: str, build: str = "") -> int:
    """Run a seed; return 0 where the oracle finds no problem.

    Args:
        seed: The seed.
        events: How many messages are sent.
        folder: For logs and evidence.
        processes: `groups`: one for each scaling group of a host; `one`: one for each host.
        build: One of the broken builds; empty: the product.
    """
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    options = {"app": broken.app(folder), "env": {broken.SETTING: build}} if build else {}
    try:
        evidence = run(plan(seed, events), folder, grouped=processes == "groups", **options)
        (folder / "evidence.json").write_bytes(msgspec.json.encode(evidence))
        result = Result.of(seed, events, time.monotonic() - began, evidence, judge(evidence))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is this seed's result
        traceback.print_exc()
        said = f"{type(error).__name__}: {error}"[:2000]
        result = Result(seed=seed, events=events, seconds=time.monotonic() - began, failed=-1, error=said)
    click.echo(msgspec.json.encode(msgspec.structs.replace(result, folder=str(folder))))
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:]))
