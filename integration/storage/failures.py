"""The Azure SDK's failures in our words."""

from collections.abc import Generator
from contextlib import contextmanager

from integration.errors import StorageRefused, StorageUnavailable

# Blobs and queues say ClientAuthenticationError; tables answer a wrong key with a plain error of this status.
_REFUSED_STATUS = frozenset({401, 403})
_TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_GONE = 404
# For half a minute and more after one was deleted, none of its name is made and each request to it answers 404.
# Source: "Delete Table", "Delete Container", "Delete Queue".
_BEING_DELETED = ("TableBeingDeleted", "ContainerBeingDeleted", "QueueBeingDeleted")
_BAD = 400


@contextmanager
def storage_failures(doing: str) -> Generator[None]:
    """Turn the SDK's errors into ours; whoever expects a certain answer about the data catches it inside.

    Args:
        doing: What was being done, for the message.

    Raises:
        StorageUnavailable: The account is out of reach, or what is asked for is not there although it was made.
        StorageRefused: It answered that this cannot be.
    """
    from azure.core.exceptions import (  # noqa: PLC0415  # imported at first use: import budget
        AzureError,
        ClientAuthenticationError,
        HttpResponseError,
    )

    try:
        yield
    except ClientAuthenticationError as error:
        msg = f"{doing}: the account refused the credentials ({error.status_code})"
        raise StorageUnavailable(msg) from error
    except HttpResponseError as error:
        status = error.status_code or 0
        if status in _REFUSED_STATUS:
            msg = f"{doing}: the account refused the credentials ({status})"
            raise StorageUnavailable(msg) from error
        if status in _TRANSIENT_STATUS:
            msg = f"{doing}: the account answered {status}"
            raise StorageUnavailable(msg) from error
        if status == _GONE or being_deleted(error):
            msg = f"{doing}: it is not there; if it was just deleted, it cannot be made yet"
            raise StorageUnavailable(msg) from error
        if status < _BAD:
            msg = f"{doing}: no usable answer ({type(error).__name__})"
            raise StorageUnavailable(msg) from error
        msg = f"{doing}: the account answered {status} {_code(error)}".rstrip()
        raise StorageRefused(msg, status=status) from error
    except AzureError as error:
        # ServiceRequestError, ServiceResponseError and their timeouts: no usable answer at all.
        msg = f"{doing}: no answer ({type(error).__name__})"
        raise StorageUnavailable(msg) from error


def being_deleted(error: Exception) -> bool:
    """Tell whether what was written to is being deleted; the SDK takes that for one that is there already."""
    return any(code in str(error) for code in _BEING_DELETED)


def _code(error: object) -> str:
    """Give the service's own code of an error, or nothing: it is a value of an enumeration, text, or missing."""
    code: object = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")
