"""The dead letters as a running app lists them to an operator."""

import base64

import httpx

from tests.faults.evidence import Listed

PAGE = 50
LIMIT = 60.0


def dead_letters(url: str, key: str) -> tuple[Listed, ...]:
    """List them all, page by page.

    Args:
        url: The base URL of a host.
        key: Its master key.
    """
    found: list[Listed] = []
    query = {"limit": str(PAGE)}
    with httpx.Client(timeout=LIMIT, trust_env=False, headers={"x-functions-key": key}) as http:
        while True:
            page = http.get(f"{url}/api/dead-letters", params=query).raise_for_status().json()
            found += (
                Listed(path=_path(each["id"]), unreadable=each.get("unreadable", False)) for each in page["deadLetters"]
            )
            if not page.get("next"):
                return tuple(found)
            query["after"] = page["next"]


def _path(id_: str) -> str:
    return base64.urlsafe_b64decode(id_ + "=" * (-len(id_) % 4)).decode()
