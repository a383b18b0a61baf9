"""Which extra brings what a fixture needs."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest


@contextmanager
def needing(extra: str) -> Generator[None]:
    """Say what to install where a part of the world cannot be imported.

    Args:
        extra: Of fno-link-emulation, that brings what the part needs.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        pytest.fail(f"{error.name} is missing: pip install 'fno-link-emulation[{extra}]'", pytrace=False)
