"""The group of commands."""

import click

from integration.cli.register.identity import identity


@click.group()
def command() -> None:
    """Register what Dataverse must know of an integration."""


command.add_command(identity)
