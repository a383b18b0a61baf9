"""Every error that fno-link raises, as one tree.

FnoLinkError
├── Unforeseen                  a fault of fno-link's own, or an answer that it cannot cope with
├── AppRefused
├── AppUnavailable
├── ConfigurationError          all problems of fno-link.toml and the app settings, at once
├── DeliveryFailed              one delivery attempt did not succeed
│   ├── TargetUnavailable       transient: try again by the schedule
│   │   └── NotPermittedYet
│   ├── Spared                  transient: nothing was attempted
│   │   ├── CoolingDown
│   │   ├── RateReached
│   │   └── CircuitOpen
│   ├── TargetRejected          permanent: the answer will not change
│   │   └── NotPermitted
│   ├── TemplateField
│   └── UntrustedLink
├── LinkUnknown                 the link's state is not known; the subclass says why
│   ├── Unauthenticated
│   ├── Forbidden
│   ├── Throttled
│   ├── Unreachable
│   ├── UnexpectedAnswer
│   ├── RowRefused
│   └── Busy
├── UnknownOrganization
├── CallerUnknown
├── CallerRefused
├── UnknownSource
├── UnknownDeadLetter
├── UnknownEvent
├── PayloadNotKept
├── AmbiguousEvent
├── UnknownJob
├── UnknownIncident
├── IncidentEnded
├── UnknownMaintenance
├── InvalidRequest
├── FormRefused
├── ActionsOff
├── Overloaded
├── TooManyRefreshes
├── LengthRequired
├── PayloadTooLarge
├── StorageUnavailable
├── StorageRefused
└── CorruptRecord

A class's docstring is its default message; `code` is stable and appears in problem details, dead letters and logs;
`hint` says what to do; `transient` says whether trying again can help. Messages never hold secrets, tokens or whole
payloads, and are plain text: what came from outside is cleaned in them.
"""

from integration.errors.app import AppRefused, AppUnavailable
from integration.errors.base import FnoLinkError, Unforeseen
from integration.errors.configuration import ConfigurationError, Problem
from integration.errors.delivery import (
    CircuitOpen,
    CoolingDown,
    DeliveryFailed,
    NotPermitted,
    NotPermittedYet,
    RateReached,
    Spared,
    TargetRejected,
    TargetUnavailable,
    TemplateField,
    UntrustedLink,
)
from integration.errors.link import (
    Busy,
    Forbidden,
    LinkUnknown,
    RowRefused,
    Throttled,
    Unauthenticated,
    UnexpectedAnswer,
    Unreachable,
)
from integration.errors.requests import (
    ActionsOff,
    AmbiguousEvent,
    CallerRefused,
    CallerUnknown,
    FormRefused,
    IncidentEnded,
    InvalidRequest,
    LengthRequired,
    Overloaded,
    PayloadNotKept,
    PayloadTooLarge,
    TooManyRefreshes,
    UnknownDeadLetter,
    UnknownEvent,
    UnknownIncident,
    UnknownJob,
    UnknownMaintenance,
    UnknownOrganization,
    UnknownSource,
)
from integration.errors.storage import CorruptRecord, StorageRefused, StorageUnavailable

__all__ = [
    "ActionsOff",
    "AmbiguousEvent",
    "AppRefused",
    "AppUnavailable",
    "Busy",
    "CallerRefused",
    "CallerUnknown",
    "CircuitOpen",
    "ConfigurationError",
    "CoolingDown",
    "CorruptRecord",
    "DeliveryFailed",
    "FnoLinkError",
    "Forbidden",
    "FormRefused",
    "IncidentEnded",
    "InvalidRequest",
    "LengthRequired",
    "LinkUnknown",
    "NotPermitted",
    "NotPermittedYet",
    "Overloaded",
    "PayloadNotKept",
    "PayloadTooLarge",
    "Problem",
    "RateReached",
    "RowRefused",
    "Spared",
    "StorageRefused",
    "StorageUnavailable",
    "TargetRejected",
    "TargetUnavailable",
    "TemplateField",
    "Throttled",
    "TooManyRefreshes",
    "Unauthenticated",
    "UnexpectedAnswer",
    "Unforeseen",
    "UnknownDeadLetter",
    "UnknownEvent",
    "UnknownIncident",
    "UnknownJob",
    "UnknownMaintenance",
    "UnknownOrganization",
    "UnknownSource",
    "Unreachable",
    "UntrustedLink",
]
