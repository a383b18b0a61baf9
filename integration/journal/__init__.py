"""What happened to each event: one row an event, claimed under a lease before anything is done for it."""

from integration.journal.claim import PATIENCE, Decision, Drop, Duplicate, Kind, Process, Refuse, Wait, claim
from integration.journal.record import Entry, Row, Subject
from integration.journal.store import Journal, Run

__all__ = [
    "PATIENCE",
    "Decision",
    "Drop",
    "Duplicate",
    "Entry",
    "Journal",
    "Kind",
    "Process",
    "Refuse",
    "Row",
    "Run",
    "Subject",
    "Wait",
    "claim",
]
