"""The Power Platform: the environment that an organization is in, what is being done to it, its application."""

from integration.power_platform.answers import Application, Environment, LinkedEnvironment, Operation
from integration.power_platform.client import PowerPlatform

__all__ = ["Application", "Environment", "LinkedEnvironment", "Operation", "PowerPlatform"]
