"""The SDK leaves sockets behind when its peer is gone; they are collected here, within the test that caused them."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = f"{Path(__file__).parent}{os.sep}"
SDK_LEAVES_SOCKETS = (
    "ignore:.*unclosed.*:ResourceWarning",
    "ignore:loop is closed:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if str(item.path).startswith(HERE):
            for warning in SDK_LEAVES_SOCKETS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    gc.collect()
