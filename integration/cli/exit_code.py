"""The exit codes of every command."""

from enum import IntEnum

from integration.errors import (
    AmbiguousEvent,
    ConfigurationError,
    FnoLinkError,
    InvalidRequest,
    UnknownDeadLetter,
    UnknownEvent,
    UnknownIncident,
    UnknownJob,
    UnknownMaintenance,
    UnknownOrganization,
    UnknownSource,
)


class ExitCode(IntEnum):
    """What a command's end means.

    OK: done, and what was checked is good. BAD: what was checked is bad, or the work was refused. USAGE: the command
    line is wrong. UNKNOWN: it cannot be told, because something did not answer or broke. INTERRUPTED: Ctrl-C.
    PIPE_CLOSED: who read the output has stopped.
    """

    OK = 0
    BAD = 1
    USAGE = 2
    UNKNOWN = 3
    INTERRUPTED = 130
    PIPE_CLOSED = 141


_USAGE = (
    UnknownOrganization,
    UnknownSource,
    UnknownDeadLetter,
    UnknownEvent,
    AmbiguousEvent,
    UnknownJob,
    UnknownIncident,
    UnknownMaintenance,
    InvalidRequest,
)


def exit_code_of(error: FnoLinkError) -> ExitCode:
    """Return the exit code that an error ends a command with."""
    if isinstance(error, ConfigurationError):
        return ExitCode.BAD
    if isinstance(error, _USAGE):
        return ExitCode.USAGE
    return ExitCode.UNKNOWN if error.transient else ExitCode.BAD
