"""A Python that has imported beforehand, and forks a process for each command: a start without its imports."""

from emulation.zygote.zygote import Zygote, ZygoteGone

__all__ = ["Zygote", "ZygoteGone"]
