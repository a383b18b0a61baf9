"""`fno-link deploy`: manifests that follow from the configuration."""

from integration.cli.deploy.command import command

__all__ = ["command"]
