"""Why an event is a dead letter or parked, beside the codes of the tree of errors that serve as reasons too."""

CONTEXT_STRIPPED = "ContextStripped"
UNROUTED = "Unrouted"
DUPLICATE_DIFFERS = "DuplicateDiffers"
FOREIGN_ORGANIZATION = "ForeignOrganization"
FOREIGN_LEGAL_ENTITY = "ForeignLegalEntity"
CALL_DEPTH = "CallDepth"
ROUTE_GONE = "RouteGone"
UNKNOWN_SOURCE = "UnknownSource"
RETRIES_EXHAUSTED = "RetriesExhausted"
POISON = "Poison"
UNFORESEEN = "Unforeseen"
PARKED_TOO_LONG = "ParkedTooLong"
NOT_LINKED = "NotLinked"
PARKED_FOR_OTHER_ENVIRONMENT = "ParkedForOtherEnvironment"

REASONS: dict[str, str] = {
    "Undecodable": "No event can be read from the message.",
    "UnsupportedEncoding": "The message is XML, .NET binary or no JSON CloudEvent; register service endpoints as JSON.",
    CONTEXT_STRIPPED: "Dataverse removed the context for its size, and it names no record that could be read again.",
    "TooLarge": "The message is larger than decoding accepts, or holds more events.",
    "TooDeep": "The message is nested deeper than decoding accepts.",
    "ReservedName": "The message claims a type, source or extension attribute that only fno-link itself sets.",
    UNROUTED: "No route takes the event.",
    DUPLICATE_DIFFERS: "Another event came before under the same id, with other data; an operator decides.",
    FOREIGN_ORGANIZATION: "The event is of another Dataverse organization than its source's: a copied environment?",
    FOREIGN_LEGAL_ENTITY: "The event is of a legal entity that the source does not name in `legal_entities`.",
    CALL_DEPTH: "The plug-in call chain is deeper than the source's `max_call_depth`: perhaps a loop.",
    ROUTE_GONE: "The route that the delivery was waiting for is no longer configured, or switched off.",
    UNKNOWN_SOURCE: "The source that took the message is no longer configured.",
    RETRIES_EXHAUSTED: "The target did not take it in as many attempts as the schedule has.",
    POISON: "A function failed on the message again and again; the log has the exceptions.",
    UNFORESEEN: "fno-link failed on it in a way that it does not foresee; the message says how and where.",
    PARKED_TOO_LONG: "It was parked for longer than `park_for`.",
    "TargetRejected": "The target refused it for good.",
    "NotPermitted": "The receiver did not permit our deliveries when it was asked (`validate`).",
    "TemplateField": "The target's template names a field that the event does not have.",
    "UntrustedLink": "The target is the linked environment, and that is not trusted.",
    "CorruptRecord": "A stored record could not be read; it is kept as it was.",
    "Unauthenticated": "The link stayed unknown for the whole schedule: no token.",
    "Forbidden": "The link stayed unknown for the whole schedule: no permission.",
    "Throttled": "The link stayed unknown for the whole schedule: throttled.",
    "Unreachable": "The link stayed unknown for the whole schedule: no answer.",
    "UnexpectedAnswer": "The link stayed unknown for the whole schedule: an answer that is not documented.",
    "Busy": "The link stayed unknown for the whole schedule: another instance was asking.",
}
"""Reasons of dead letters, with what they mean."""

PARKING: dict[str, str] = {
    NOT_LINKED: "The organization is not linked; it goes on by itself when it is.",
    PARKED_FOR_OTHER_ENVIRONMENT: "The link has moved since; it goes on when the old environment is linked again.",
}
"""Reasons for parking, with what they mean."""
