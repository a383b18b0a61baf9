"""The SDK leaves sockets behind when its peer is gone; they are collected here, within the test that caused them."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SDK_LEAVES_SOCKETS = (
    "ignore:.*unclosed.*:ResourceWarning",
    "ignore:loop is closed:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            for warning in SDK_LEAVES_SOCKETS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    gc.collect()
