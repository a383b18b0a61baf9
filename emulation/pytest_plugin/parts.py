"""Each part of the local world as a fixture, on free ports; what is costly lasts for the session."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from emulation.pytest_plugin.extras import needing

if TYPE_CHECKING:
    from emulation.azurite import Azurite
    from emulation.dynamics import Dynamics, World
    from emulation.functions_host import FunctionsHost
    from emulation.pytest_plugin.event_grid import EmulatedTopic
    from emulation.receivers import Receivers
    from emulation.service_bus import ServiceBus


@pytest.fixture(scope="session")
def emulated_azurite() -> "Iterator[Azurite]":
    """Run Azurite; `spare_account()` gives an account that is empty, for who has fixed names."""
    with needing("azurite"):
        from emulation.azurite import Azurite  # noqa: PLC0415 (nothing is imported before it is asked for)

        with Azurite() as running:
            yield running


@pytest.fixture(scope="session")
def emulated_service_bus() -> "Iterator[ServiceBus]":
    """Run a Service Bus namespace without entities; `control.create` makes them."""
    with needing("service-bus"):
        from emulation.service_bus import ServiceBus  # noqa: PLC0415 (as above)

        with ServiceBus() as running:
            yield running


@pytest.fixture(scope="session")
def emulated_dynamics_world() -> "World":
    """Say what exists in Entra and Dynamics at the start: a tenant alone, unless a project overrides this."""
    with needing("dynamics"):
        from emulation.dynamics import World  # noqa: PLC0415 (as above)
    return World()


@pytest.fixture(scope="session")
def emulated_dynamics_server(emulated_dynamics_world: "World") -> "Iterator[Dynamics]":
    """Run Entra, Dataverse and Finance & Operations; no client is led to them yet."""
    with needing("dynamics"):
        from emulation.dynamics import Dynamics  # noqa: PLC0415 (as above)

        with Dynamics(emulated_dynamics_world) as running:
            yield running


@pytest.fixture
def emulated_dynamics(emulated_dynamics_server: "Dynamics", monkeypatch: pytest.MonkeyPatch) -> "Dynamics":
    """Return them as they were at the start; the environment leads the clients of this process to them."""
    emulated_dynamics_server.control.reset()
    for name in ("ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in emulated_dynamics_server.environ.items():
        monkeypatch.setenv(name, value)
    return emulated_dynamics_server


@pytest.fixture(scope="session")
def emulated_receivers_server() -> "Iterator[Receivers]":
    """Run the receivers of webhooks."""
    with needing("dynamics"):
        from emulation.receivers import Receivers  # noqa: PLC0415 (as above)

        with Receivers() as running:
            yield running


@pytest.fixture
def emulated_receivers(emulated_receivers_server: "Receivers") -> "Receivers":
    """Return the receivers, all of them empty and sound."""
    emulated_receivers_server.reset()
    return emulated_receivers_server


@pytest.fixture
def emulated_event_grid() -> "Iterator[EmulatedTopic]":
    """Run a custom topic of Event Grid for CloudEvents, that has no events yet."""
    with needing("event-grid"):
        from emulation.pytest_plugin.event_grid import EmulatedTopic  # noqa: PLC0415 (as above)

        with EmulatedTopic() as topic:
            yield topic


@pytest.fixture(scope="session")
def emulated_functions_host(emulated_azurite: "Azurite") -> "Iterator[Callable[..., FunctionsHost]]":
    """Give what starts a functions host: `(folder, env=…)`, and the further options of `FunctionsHost`.

    Its app settings have a storage account of its own unless `env` says another; each host ends with the session, if
    not before.
    """
    with needing("functions"):
        from emulation.functions_host import FunctionsHost  # noqa: PLC0415 (as above)
    with ExitStack() as running:

        def start(app: Path | str, env: Mapping[str, str] | None = None, **options: Any) -> FunctionsHost:
            own = {"FUNCTIONS_WORKER_RUNTIME": "python", "AzureWebJobsStorage": emulated_azurite.spare_account()}
            # Whose warnings are errors is for their own tests to say.
            chosen: dict[str, Any] = {"python": (), **options}
            return running.enter_context(FunctionsHost(Path(app), env={**own, **(env or {})}, **chosen))

        yield start
