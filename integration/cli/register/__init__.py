"""`fno-link register`: the Dynamics side of an integration, as far as it is rows of Dataverse."""

from integration.cli.register.group import command

__all__ = ["command"]
