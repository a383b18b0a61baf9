"""A workflow of Microsoft Teams on loopback: what its webhook answers, and what becomes of the card behind it."""

from emulation.workflows.workflow import Fault, Run, Workflow

__all__ = ["Fault", "Run", "Workflow"]
