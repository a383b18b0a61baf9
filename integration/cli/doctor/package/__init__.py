"""What is deployed, looked at before it is: `fno-link doctor --package PATH`."""

from integration.cli.doctor.package.look import look, without_package
from integration.cli.doctor.package.steps import STEPS

__all__ = ["STEPS", "look", "without_package"]
