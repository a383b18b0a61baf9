"""Is the suite able to fail? `python -m tests.faults.self_test`: each broken build must be caught within five seeds.

They are the first five that have the fault which brings it to light.
"""

import shutil
import sys
from itertools import count, islice

import click

from tests.faults.broken import BUILDS
from tests.faults.run import carry_out
from tests.faults.schedule import plan

SEEDS = 5


@click.command()
@click.option("--first", type=int, default=1, show_default=True, help="the lowest seed")
@click.option("--events", type=int, default=150, show_default=True, help="messages that each seed sends")
@click.argument("builds", nargs=-1, type=click.Choice(tuple(BUILDS)))
def main(first: int, events: int, builds: tuple[str, ...]) -> None:
    """Run broken builds, all by default; exit with 1 when one is not caught within five seeds."""
    missed = [build for build in builds or BUILDS if not _caught(build, first, events)]
    click.echo(f"not caught: {', '.join(missed)}" if missed else "every broken build was caught")
    sys.exit(1 if missed else 0)


def _caught(build: str, first: int, events: int) -> bool:
    fault = BUILDS[build]
    having = (seed for seed in count(first) if fault in {each.fault for each in plan(seed, events).faults})
    for seed in islice(having, SEEDS):
        result = carry_out(seed, events, build)
        rules = sorted({problem.rule for problem in result.problems})
        if result.failed > 0:
            shutil.rmtree(result.folder)  # it was meant to fail
            found = f"{result.failed} problems ({', '.join(rules)})"
            click.echo(f"{build}: caught by seed {seed} in {result.seconds:.0f} s: {found}")
            click.echo(f"  {result.problems[0].rule}: {result.problems[0].id}: {result.problems[0].why}")
            return True
        click.echo(f"{build}: seed {seed} in {result.seconds:.0f} s: {result.error or 'nothing found'}")
        if result.failed < 0:
            return False  # a run that failed by itself has caught nothing
    return False


if __name__ == "__main__":
    main()
