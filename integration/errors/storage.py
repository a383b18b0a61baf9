"""What the storage account does not do."""

from integration.errors.base import FnoLinkError


class StorageUnavailable(FnoLinkError):
    """The storage account did not answer in time."""

    hint = "Check the AzureWebJobsStorage setting and the state of the storage account; the sender may try again."
    transient = True


class StorageRefused(FnoLinkError):
    """The storage account refused what was to be stored or read, and would do so again.

    Args:
        message: What happened.
        status: The HTTP status that was answered.
    """

    hint = "Read the message: most often something is larger than the account takes; report it with its message."

    def __init__(self, message: str | None = None, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class CorruptRecord(FnoLinkError):
    """A stored record cannot be read."""

    hint = "It was written by another version or changed by hand; the dead letter keeps it."
