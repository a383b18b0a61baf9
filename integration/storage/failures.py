"""The Azure SDK's failures in our words."""

from collections.abc import Generator
from contextlib import contextmanager

from integration.errors import StorageUnavailable

# Blobs and queues say ClientAuthenticationError; tables answer a wrong key with a plain error of this status.
_REFUSED_STATUS = frozenset({401, 403})
_TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})


@contextmanager
def storage_failures(doing: str) -> Generator[None]:
    """Turn what says that the account is out of reach into StorageUnavailable; let answers about the data pass.

    Args:
        doing: What was being done, for the message.
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
        if error.status_code in _REFUSED_STATUS:
            msg = f"{doing}: the account refused the credentials ({error.status_code})"
            raise StorageUnavailable(msg) from error
        if error.status_code in _TRANSIENT_STATUS:
            msg = f"{doing}: the account answered {error.status_code}"
            raise StorageUnavailable(msg) from error
        raise
    except AzureError as error:
        # ServiceRequestError, ServiceResponseError and their timeouts: no usable answer at all.
        msg = f"{doing}: no answer ({type(error).__name__})"
        raise StorageUnavailable(msg) from error
