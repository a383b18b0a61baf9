"""Codes of answers that are no error of anybody's call: what was seen is itself the trouble."""

SOURCE_SILENT = "SourceSilent"
SOURCE_FAILING = "SourceFailing"
BROKER_DEAD_LETTERS = "BrokerDeadLetters"
POISON_MESSAGES = "PoisonMessages"
DEAD_LETTERS_GROWING = "DeadLettersGrowing"
PARKED_GROWING = "ParkedGrowing"

CODES: dict[str, str] = {
    SOURCE_SILENT: "No event has come by the source for longer than its `silent_after`.",
    SOURCE_FAILING: "Messages of the source had to go back to it: nothing of them could be stored.",
    BROKER_DEAD_LETTERS: "The broker has set messages of the source aside, where nobody reads them.",
    POISON_MESSAGES: "Messages lie in a poison queue, and its function does not take them.",
    DEAD_LETTERS_GROWING: "More deliveries than `growing` became dead letters within `growing_window`.",
    PARKED_GROWING: "More deliveries than `growing` were parked within `growing_window`.",
}
"""Each with what it means."""
