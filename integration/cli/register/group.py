"""The group of commands."""

import click

from integration.cli.register.identity import identity
from integration.cli.register.sender import apply, drift, plan, remove


@click.group()
def command() -> None:
    """Register what Dataverse must know of an integration."""


for each in (plan, apply, drift, remove, identity):
    command.add_command(each)
