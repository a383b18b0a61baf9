"""Replays and purges as the commands follow them: done by a deployed app, or by this process."""

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from integration.cli import shapes
from integration.cli.exit_code import ExitCode
from integration.cli.here import as_json as written
from integration.cli.output import overwrite, print_json, say
from integration.errors import Busy

if TYPE_CHECKING:
    from integration.cli.remote import App
    from integration.worker import Worker

_ASK_EVERY_SECONDS = 2.0
_TRIES = 40

type Job = dict[str, Any]
"""As the HTTP endpoints write it."""


class Progress:
    """Says on stderr how far a job is; with `--json`, nothing.

    Args:
        job: As it began.
        silent: Whether nothing is said.
    """

    def __init__(self, job: Job, *, silent: bool) -> None:
        self._silent = silent
        self._shown: dict[str, int] = {}
        if not silent:
            id_ = job["id"]
            again = f"go on after an interruption: fno-link dead-letters replay --job {id_}"
            say(f"{job['kind']} {id_} ({again})", err=True)

    def tell(self, job: Job) -> None:
        """Say how far it is, where that is new."""
        if not self._silent and job["counts"] != self._shown:
            self._shown = dict(job["counts"])
            overwrite(_counts(job))

    def end(self) -> None:
        """End the line."""
        if self._shown:
            say(err=True)


async def read_there(app: "App", id_: str) -> Job:
    """Read a job of a deployed app."""
    return await app.get(f"dead-letters/jobs/{quote(id_, safe='')}", shapes.JobState)


async def follow_there(app: "App", job: Job, *, as_json: bool) -> Job:
    """Wait until a deployed app has done a job."""
    progress = Progress(job, silent=as_json)
    while job["state"] not in ("done", "cancelled"):
        await asyncio.sleep(_ASK_EVERY_SECONDS)
        job = await read_there(app, job["id"])
        progress.tell(job)
    progress.end()
    return job


async def follow_here(worker: "Worker", begun: object, *, as_json: bool) -> Job:
    """Do a job until it is over.

    Raises:
        Busy: Another replay or purge is at work, for longer than a dead one's lease lasts.
    """
    job = written(begun)
    progress = Progress(job, silent=as_json)
    for _ in range(_TRIES):
        done = await worker.dead_letter_operations.work(job["id"], lambda now: progress.tell(written(now)))
        if done is not None and done.over:
            progress.end()
            return written(done)
        await asyncio.sleep(_ASK_EVERY_SECONDS)
    msg = f"another replay or purge is at work; go on later with --job {job['id']}"
    raise Busy(msg)


def ended(job: Job, *, as_json: bool) -> None:
    """Print how a job ended; what failed again is bad."""
    if as_json:
        print_json(job)
    else:
        say(f"{job['kind']} {job['id']} {job['state']}: {_counts(job) or 'nothing'}")
    counts = job["counts"]
    if counts.get("deadLettered") or counts.get("kept"):
        click.get_current_context().exit(ExitCode.BAD)


def _counts(job: Job) -> str:
    return ", ".join(f"{number} {what}" for what, number in job["counts"].items())
