import json
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from emulation.functions_host import FunctionsHost

type Run = Callable[..., FunctionsHost]


@pytest.fixture
def name() -> str:
    """A name that no other test uses for a queue."""
    return f"q{uuid4().hex}"


@pytest.fixture
def write(tmp_path) -> Callable[..., Path]:
    """Write the folder of a function app."""

    def write(source: str, host_json: dict[str, Any] | None = None) -> Path:
        folder = tmp_path / "app"
        folder.mkdir(exist_ok=True)
        head = "import azure.functions as func\n\napp = func.FunctionApp()\n"
        (folder / "function_app.py").write_text(head + textwrap.dedent(source))
        (folder / "host.json").write_text(json.dumps({"version": "2.0", **(host_json or {})}))
        return folder

    return write


@pytest.fixture
def run(write) -> Iterator[Run]:
    """Run a function app until the test is over."""
    with ExitStack() as stack:

        def run(source: str, host_json: dict[str, Any] | None = None, **options: Any) -> FunctionsHost:
            return stack.enter_context(FunctionsHost(write(source, host_json), **options))

        yield run


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30, trust_env=False) as client:
        yield client
