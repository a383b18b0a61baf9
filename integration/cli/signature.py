"""Who orders something: the option `--by`, by default the user of this machine."""

import getpass
from collections.abc import Callable
from typing import Any

import click


def by_option[F: Callable[..., Any]](function: F) -> F:
    """Give a command the option `--by`."""
    text = "Who says so; by default the user of this machine."
    return click.option("--by", default=user, metavar="NAME", help=text)(function)


def user() -> str:
    """Return the name of who runs this command; `unknown` where the machine has none for it."""
    try:
        return getpass.getuser()
    except OSError:
        return "unknown"
