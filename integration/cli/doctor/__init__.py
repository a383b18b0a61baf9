"""`fno-link doctor`: walk the prerequisites of the link in order, and say what to do about the first that fails."""

from integration.cli.doctor.command import command

__all__ = ["command"]
