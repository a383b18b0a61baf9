"""Many seeds, each in a process of its own: `python -m tests.faults.run --seeds 1-50 --events 1000`."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import click
import msgspec

from tests.faults.result import Result, summary

ROOT = Path(__file__).parents[2]
GROUPS = "groups"
# A seed takes as long as its events and faults, and the rest afterwards; far longer on a busy machine.
LIMIT, LIMIT_PER_EVENT = 3600.0, 2.0


def carry_out(seed: int, events: int, build: str = "", processes: str = GROUPS) -> Result:
    """Run a seed in a process of its own; logs and evidence are kept where it fails.

    Args:
        seed: The seed.
        events: How many messages are sent.
        build: One of the broken builds; empty: the product.
        processes: `groups` or `one`.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"fno-link-faults-{seed}-"))
    command = [sys.executable, "-m", "tests.faults.one", str(seed), str(events), str(folder)]
    command += [processes, *filter(None, [build])]
    began = time.monotonic()
    with (folder / "run.log").open("wb") as errors:
        try:
            ended = subprocess.run(
                command,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=errors,
                timeout=LIMIT + events * LIMIT_PER_EVENT,
                check=False,
            )
            result = msgspec.json.decode(ended.stdout.splitlines()[-1], type=Result)
        except (subprocess.TimeoutExpired, IndexError, msgspec.MsgspecError) as error:
            said = f"it gave no result ({type(error).__name__}); see run.log"
            seconds = time.monotonic() - began
            result = Result(seed=seed, events=events, seconds=seconds, failed=-1, error=said, folder=str(folder))
    if not result.failed:
        shutil.rmtree(folder)
        result = msgspec.structs.replace(result, folder="")
    return result


def done(file: Path | None, events: int) -> dict[int, Result]:
    """Read the results of seeds that were run before with so many events; a seed's last line counts."""
    if file is None or not file.exists():
        return {}
    lines = (msgspec.json.decode(line, type=Result) for line in file.read_bytes().splitlines() if line.strip())
    return {result.seed: result for result in lines if result.events == events}


def chosen(text: str) -> list[int]:
    """Read `3`, `1-50` or `1-5,9`."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def campaign(
    seeds: Iterable[int], events: int, parallel: int, file: Path | None, processes: str = GROUPS
) -> list[Result]:
    """Run seeds, say of each what it came to, and append it to a file; seeds that are in it are not run again."""
    before = done(file, events)
    results = [before[seed] for seed in seeds if seed in before]
    with ThreadPoolExecutor(parallel) as pool:
        running = [pool.submit(carry_out, seed, events, "", processes) for seed in seeds if seed not in before]
        for each in as_completed(running):
            result = each.result()
            results.append(result)
            click.echo(f"{result}\n  logs and evidence: {result.folder}" if result.folder else str(result))
            if file is not None:
                with file.open("ab") as lines:
                    lines.write(msgspec.json.encode(result) + b"\n")
    return sorted(results, key=lambda result: result.seed)


@click.command()
@click.option("--seeds", required=True, help="such as 7, 1-50 or 1-5,9")
@click.option("--events", type=int, default=100, show_default=True, help="messages that each seed sends")
@click.option("--parallel", type=int, default=1, show_default=True, help="seeds at once")
@click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="append results; skip seeds in it"
)
@click.option(
    "--processes",
    type=click.Choice((GROUPS, "one")),
    default=GROUPS,
    show_default=True,
    help="of each host: one for each scaling group, as on Flex Consumption, or one for all",
)
def main(seeds: str, events: int, parallel: int, file: Path | None, processes: str) -> None:
    """Run the fault suite for many seeds; exit with 1 when one fails."""
    results = campaign(chosen(seeds), events, parallel, file, processes)
    click.echo(summary(results))
    sys.exit(1 if any(result.failed for result in results) else 0)


if __name__ == "__main__":
    main()
