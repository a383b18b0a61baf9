"""What an operator does over HTTP in the demo: runs the health timer, acknowledges, calls maintenance."""

from types import TracebackType
from typing import Any, Self

import httpx

from emulation.demo.world import ORGANIZATION, LocalWorld

NAME = "the demo"


class Operator:
    """An operator with the keys of the function app.

    Args:
        world: Where it runs.
    """

    def __init__(self, world: LocalWorld) -> None:
        self._url = world.host.url
        self._master = world.host.master_key
        self._http = httpx.Client(timeout=60, headers={"x-functions-key": world.host.key}, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def run_health_timer(self) -> None:
        """Run it now, as the portal does by hand."""
        headers = {"x-functions-key": self._master}
        self._http.post(f"{self._url}/admin/functions/health_timer", json={}, headers=headers).raise_for_status()

    def open_incidents(self, kind: str) -> list[dict[str, Any]]:
        """List those that are open, of one kind of check."""
        query = {"state": "open", "kind": kind, "organization": ORGANIZATION}
        return self._json(self._http.get(f"{self._url}/api/incidents", params=query))["incidents"]

    def incident(self, id_: str) -> dict[str, Any]:
        """Show one whole."""
        return self._json(self._http.get(f"{self._url}/api/incidents/{id_}"))

    def acknowledge(self, id_: str, note: str) -> dict[str, Any]:
        """Say that somebody works on an incident."""
        order = {"by": NAME, "note": note}
        return self._json(self._http.post(f"{self._url}/api/incidents/{id_}/acknowledge", json=order))

    def begin_maintenance(self, for_: str, note: str) -> dict[str, Any]:
        """Begin a maintenance of the organization."""
        order = {"organization": ORGANIZATION, "for": for_, "by": NAME, "note": note}
        return self._json(self._http.post(f"{self._url}/api/maintenance", json=order))

    def end_maintenance(self, id_: str) -> dict[str, Any]:
        """End it before its time."""
        return self._json(self._http.delete(f"{self._url}/api/maintenance/{id_}"))

    def _json(self, answer: httpx.Response) -> Any:
        return answer.raise_for_status().json()
