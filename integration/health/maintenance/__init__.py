"""When the watch is silent: windows of the configuration, an operator's calls, what the platform says of itself.

Everything here is pure. It says whether notices are held back and until when; counting goes on as ever.
"""

from integration.health.maintenance.calls import MaintenanceCall, call_fault
from integration.health.maintenance.platform import PlatformView, agreement, view_of
from integration.health.maintenance.silence import Silence, silence
from integration.health.maintenance.windows import Spell, spell_at, spells_between

__all__ = [
    "MaintenanceCall",
    "PlatformView",
    "Silence",
    "Spell",
    "agreement",
    "call_fault",
    "silence",
    "spell_at",
    "spells_between",
    "view_of",
]
