"""Codes of answers that are no error of anybody's call: what was seen is itself the trouble.

docs/reference/errors.md is made of them.
"""

from collections.abc import Mapping

CREDENTIAL_EXPIRED = "CredentialExpired"
CREDENTIAL_EXPIRING = "CredentialExpiring"
CREDENTIAL_NOT_YET_VALID = "CredentialNotYetValid"
CREDENTIAL_REFUSED = "CredentialRefused"
SENDER_FAILED = "SenderFailed"
REGISTRATION_DRIFTED = "RegistrationDrifted"
SOURCE_SILENT = "SourceSilent"
SOURCE_FAILING = "SourceFailing"
BROKER_DEAD_LETTERS = "BrokerDeadLetters"
POISON_MESSAGES = "PoisonMessages"
DEAD_LETTERS_GROWING = "DeadLettersGrowing"
PARKED_GROWING = "ParkedGrowing"
CALLERS_REFUSED = "CallersRefused"
WATCH_STALE = "WatchStale"

CODES: Mapping[str, str] = {
    "0x80048d0b": "Dataverse says that the organization is not linked.",
    CREDENTIAL_EXPIRED: "The client secret or certificate of the organization has expired.",
    CREDENTIAL_EXPIRING: "It has fewer days left than `[health] credential_days`.",
    CREDENTIAL_NOT_YET_VALID: "The certificate is not valid yet; or this machine's clock is wrong.",
    CREDENTIAL_REFUSED: "Microsoft Entra refuses the secret or certificate; `remote_code` in the table below says why.",
    SENDER_FAILED: "System jobs of a registered step failed: Dataverse could not send.",
    REGISTRATION_DRIFTED: "What Dataverse or Finance & Operations has registered is not what fno-link.toml declares.",
    SOURCE_SILENT: "No event has come by the source for longer than its `silent_after`.",
    SOURCE_FAILING: "Messages of the source had to go back to it: nothing of them could be stored.",
    BROKER_DEAD_LETTERS: "The broker has set messages of the source aside, where nobody reads them.",
    POISON_MESSAGES: "Messages lie in a poison queue, and its function does not take them.",
    DEAD_LETTERS_GROWING: "More deliveries than `growing` became dead letters within `growing_window`.",
    PARKED_GROWING: "More deliveries than `growing` were parked within `growing_window`.",
    CALLERS_REFUSED: "More callers than `refused` had no good token, or not the role, within `refused_window`.",
    WATCH_STALE: "Three rounds of the watch in a row are missing: the health timer does not run.",
    "NotAsked": "The check was not made, or says nothing: its message says because of what; it counts neither way.",
}
"""Each with what it means."""
