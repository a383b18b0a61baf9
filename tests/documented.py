"""Whether an answer is one that the OpenAPI document has: its status, its type, its headers and every member of it."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

FILE = Path(__file__).parents[1] / "docs" / "reference" / "openapi.json"
HOSTS_OWN = frozenset({401, 404, 500, 504})
"""What the Functions host answers in our place, with no body: keys, routes, methods, large bodies, time."""
_ROOT = "urn:fno-link"
_ENTRA = "/api/entra/"


@cache
def document() -> dict[str, Any]:
    """Give the document as it is committed."""
    return json.loads(FILE.read_text("utf-8"))


def resolved(said: Any) -> Any:
    """Put what is referred to among the components, schemas aside, where it is referred to."""
    match said:
        case {"$ref": str(place)} if not place.startswith("#/components/schemas/"):
            kind, name = place.split("/")[2:]
            return resolved(document()["components"][kind][name])
        case dict():
            return {name: resolved(each) for name, each in said.items()}
        case list():
            return [resolved(each) for each in said]
        case _:
            return said


@cache
def _paths() -> dict[str, Any]:
    return resolved(document()["paths"])


@cache
def _registry() -> Registry[Any]:
    # Stricter than the document, in which answers may gain members: today they have these and no others.
    strict = json.loads(json.dumps(document()))
    for schema in strict["components"]["schemas"].values():
        schema.setdefault("additionalProperties", False)
    return Registry().with_resource(_ROOT, Resource.from_contents(strict, default_specification=DRAFT202012))


@cache
def _routes() -> list[tuple[re.Pattern[str], str]]:
    paths = sorted(document()["paths"], key=lambda path: ("{" in path, path))
    return [(re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), path) for path in paths]


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """Find what the document says of a request."""
    for pattern, template in _routes():
        found = _paths()[template].get(method.lower())
        if found is not None and pattern.fullmatch(path):
            return found
    return None


def validator(schema: Mapping[str, Any]) -> jsonschema.Draft202012Validator:
    """Validate by a schema of the document."""
    rooted = json.loads(json.dumps(schema).replace('"#/', f'"{_ROOT}#/'))
    formats = jsonschema.FormatChecker(["date-time", "regex"])
    return jsonschema.Draft202012Validator(rooted, registry=_registry(), format_checker=formats)


def fault(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> str:
    """Say what is not as the document has it; empty: nothing.

    Args:
        method: Of the request.
        path: Without its query.
        status: Of the answer.
        headers: Of the answer; names in any case.
        body: Of the answer.
    """
    if path.startswith(_ENTRA):
        # Where tokens are taken each operation is again; what the gate itself answers is said of the scheme.
        path = f"/api/{path.removeprefix(_ENTRA)}"
        if status in (401, 403):
            code = json.loads(body)["code"] if body else ""
            return "" if code in ("CallerUnknown", "CallerRefused") else f"{path} answers {status} {code}"
    operation = operation_of(method, path)
    if operation is None:
        # A wrong configuration has one function for all paths of intake: which sources there are is not known.
        misconfigured = status == httpx.codes.SERVICE_UNAVAILABLE and b'"ConfigurationError"' in body
        nobody = (status, body) in ((404, b""), (401, b""))
        return "" if nobody or misconfigured else f"{method} {path} is not in the document: {status}"
    if not body and status in HOSTS_OWN:
        return ""
    named = {name.lower(): value for name, value in headers.items()}
    said = operation["responses"].get(str(status))
    if said is None:
        return f"{operation['operationId']} does not answer {status}: {body[:300]!r}"
    for name, header in said.get("headers", {}).items():
        if header.get("required") and name.lower() not in named:
            return f"{operation['operationId']} {status} has no {name}"
    return _body_fault(f"{operation['operationId']} {status}", said.get("content", {}), named, body)


def _body_fault(what: str, content: Mapping[str, Any], headers: Mapping[str, str], body: bytes) -> str:
    if not content:
        return f"{what} has a body: {body[:100]!r}" if body else ""
    given = headers.get("content-type", "").replace(" ", "").lower()
    kinds = [each for each in content if given.partition(";")[0] == each.partition(";")[0]]
    if not kinds:
        return f"{what} is {given}, not one of {', '.join(content)}"
    if not kinds[0].endswith("json"):
        return ""
    said = content[kinds[0]]
    errors = [
        f"{error.json_path}: {error.message[:300]}" for error in validator(said["schema"]).iter_errors(json.loads(body))
    ]
    return f"{what}: {'; '.join(errors[:3])}" if errors else ""


def check(response: httpx.Response) -> None:
    """Refuse an answer that the document does not have: a hook of httpx."""
    path = urlsplit(str(response.request.url)).path
    preflight = "access-control-request-method" in response.request.headers  # the platform answers it
    if path.startswith("/api/") and response.request.method != "HEAD" and not preflight:
        response.read()
        found = fault(response.request.method, path, response.status_code, response.headers, response.content)
        assert not found, found
