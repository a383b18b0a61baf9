"""What is deployed, asked from outside: `fno-link doctor --app URL`."""

from integration.cli.doctor.app.deployed import look, without_app
from integration.cli.doctor.app.steps import STEPS

__all__ = ["STEPS", "look", "without_app"]
