"""The function app's own word on what became of a message: its operators' endpoints (docs/reference/http.md)."""

from datetime import datetime
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote

import httpx

NOT_FOUND, SEVERAL = 404, 409
_WITHIN = 30.0


class Unasked(Exception):
    """The app does not say; the message says why."""


class App:
    """A function app, asked by an operator.

    Args:
        url: Its base URL.
        key: A key that opens its functions.
    """

    def __init__(self, url: str, key: str) -> None:
        headers = {"x-functions-key": key} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=_WITHIN, trust_env=url.startswith("https"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def link(self, organization: str) -> str:
        """Say in words how an organization is linked, or why that is not known."""
        try:
            found = self._get(f"/api/organizations/{quote(organization, safe='')}/link", {}) or {}
        except Unasked as error:
            return f"unknown ({error})"
        state = str(found.get("state", "unknown"))
        return f"{state} to {found['url']}" if found.get("url") else state

    def event(self, id_: str, organization: str) -> dict[str, Any] | None:
        """Return what became of an event; None: nothing is known of it.

        Raises:
            Unasked: The app refuses, or does not answer.
        """
        query = {"organization": organization} if organization else {}
        if "/" in id_:
            listed = self._get("/api/events", {**query, "id": id_}) or {}
            found = _dicts(listed.get("events"))
            if not found:
                return None
            id_ = str(found[0]["key"])
        return self._get(f"/api/events/{quote(id_, safe='')}", query)

    def events(self, source: str, since: datetime) -> list[dict[str, Any]]:
        """Return the events that came by a source since a time.

        Raises:
            Unasked: The app refuses, or does not answer.
        """
        query = {"source": source, "since": since.isoformat(), "limit": "200"}
        return _dicts((self._get("/api/events", query) or {}).get("events"))

    def dead_letters(self, source: str, since: datetime) -> list[dict[str, Any]]:
        """Return the dead letters of what came by a source since a time.

        Raises:
            Unasked: The app refuses, or does not answer.
        """
        answer = self._get("/api/dead-letters", {"since": since.isoformat(), "limit": "200"}) or {}
        return [each for each in _dicts(answer.get("deadLetters")) if each.get("source") == source]

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any] | None:
        try:
            answer = self._http.get(path, params=query)
            document: Any = answer.json() if answer.content else None
        except httpx.HTTPError as error:
            msg = f"the app does not answer: {type(error).__name__}: {error}"
            raise Unasked(msg) from error
        except (ValueError, RecursionError) as error:
            msg = f"{path} is answered by something that is not fno-link"
            raise Unasked(msg) from error
        if answer.status_code == NOT_FOUND:
            return None
        if not answer.is_success or not isinstance(document, dict):
            said = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
            msg = f"{path}: {answer.status_code} {said.get('code', '')} {said.get('detail', '')}".rstrip()
            raise Unasked(msg)
        return cast("dict[str, Any]", document)


def _dicts(value: object) -> list[dict[str, Any]]:
    found = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", each) for each in found if isinstance(each, dict)]
