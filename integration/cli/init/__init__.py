"""`fno-link init`: write a first fno-link.toml by asking, each answer judged by the checks of the configuration."""

from integration.cli.init.command import command

__all__ = ["command"]
