"""What happened to each event: one row an event, claimed under a lease before anything is done for it."""

from integration.journal.claim import (
    ANEW,
    ASK_AGAIN_AFTER,
    Decision,
    Differs,
    Drop,
    Duplicate,
    Kind,
    Process,
    Refuse,
    Wait,
    claim,
)
from integration.journal.listing import Bookmark, Found, Listing, Wanted
from integration.journal.payloads import Payloads
from integration.journal.record import Entry, Row, State, Subject
from integration.journal.store import Journal, Run

__all__ = [
    "ANEW",
    "ASK_AGAIN_AFTER",
    "Bookmark",
    "Decision",
    "Differs",
    "Drop",
    "Duplicate",
    "Entry",
    "Found",
    "Journal",
    "Kind",
    "Listing",
    "Payloads",
    "Process",
    "Refuse",
    "Row",
    "Run",
    "State",
    "Subject",
    "Wait",
    "Wanted",
    "claim",
]
