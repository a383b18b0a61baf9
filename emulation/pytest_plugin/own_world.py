"""One's own fno-link.toml in the local world, as a fixture."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, cast

import pytest

from emulation.pytest_plugin.extras import needing
from emulation.pytest_plugin.settings import CONFIG

if TYPE_CHECKING:
    from emulation.pytest_plugin.played import LocalApp


@pytest.fixture(scope="session")
def local_world_settings() -> Mapping[str, str]:
    """Say app settings that win over the environment and local.settings.json: none, unless a project overrides this."""
    return {}


@pytest.fixture(scope="session")
def local_world_session(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    local_world_settings: Mapping[str, str],
) -> "Iterator[LocalApp]":
    """Run the project's fno-link.toml in the local world until the session is over; `local_world` is for tests."""
    with needing("commands"):
        from emulation.failure import Failed  # noqa: PLC0415 (nothing is imported before it is asked for)
        from emulation.pytest_plugin.played import playing  # noqa: PLC0415 (as above)
    # "ini" of a string is a string (page "API Reference", Parser.addini).
    configuration = request.config.rootpath / cast("str", request.config.getini(CONFIG))
    with ExitStack() as running:
        try:
            folder = tmp_path_factory.mktemp("local-world")
            app = running.enter_context(playing(configuration, folder, local_world_settings))
        except Failed as failed:
            pytest.fail(f"{failed.message} {failed.hint}".strip(), pytrace=False)
        yield app


@pytest.fixture
def local_world(local_world_session: "LocalApp") -> "LocalApp":
    """Return one's own configuration at work: receivers empty and sound, Dynamics as it was at the start."""
    local_world_session.begin_anew()
    return local_world_session
