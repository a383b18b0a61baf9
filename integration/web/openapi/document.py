"""The document itself: from the rows of the table and what is said of each to OpenAPI 3.1."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from integration.errors import (
    CallerRefused,
    CallerUnknown,
    CorruptRecord,
    FnoLinkError,
    InvalidRequest,
    LengthRequired,
    StorageRefused,
    StorageUnavailable,
    Unforeseen,
)
from integration.operations.query import Parameter
from integration.web.answers import status_of_class
from integration.web.message import PROBLEM_TYPE, TOO_MANY, UNAVAILABLE, ProblemDetails
from integration.web.openapi.described import JSON, Answer, Body, Described, Header, Row
from integration.web.openapi.schemas import Schemas
from integration.web.openapi.shared import share
from integration.web.openapi.table import NAMES, OPERATIONS, TAGS, WEBHOOKS
from integration.web.openapi.table.links import UNKNOWN

OPENAPI = "3.1.1"
ENTRA = "entra"
"""Before the routes and, with `_`, the names of operations that take a token in place of a key."""
VERSION = "1.0"
"""Of the HTTP API: docs/reference/versioning.md says when it changes."""
KEY_SCHEMES = ("functionKey", "functionKeyInQuery")
UNIVERSAL: tuple[type[FnoLinkError], ...] = (Unforeseen, CorruptRecord, StorageRefused, StorageUnavailable)
"""What any operation may be answered."""
COMMON: Mapping[tuple[type[FnoLinkError], ...], str] = {UNIVERSAL[:3]: "Failed", UNIVERSAL[3:]: "Unavailable"}
"""What those are called where an operation has no others of their status."""
NO_KEY = "NoKey"
"""What the Functions host answers in place of an operation that asks for a key."""
_RETRY_AFTER = Header(
    name="Retry-After", doc="Seconds after which to ask again.", schema={"type": "integer", "minimum": 1}
)


def document(rows: Iterable[Row]) -> dict[str, Any]:
    """Write the document.

    Args:
        rows: The operations, as the table of functions has them.

    Raises:
        KeyError: Nothing is said of one.
    """
    schemas = Schemas(NAMES)
    problem = schemas.of(ProblemDetails)
    paths: dict[str, Any] = {}
    for row in sorted(rows, key=lambda each: (each.path, each.method)):
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row, schemas, problem)
    shared = share(paths)
    webhooks = {name: {"post": _described(name, each, schemas, problem)} for name, each in WEBHOOKS.items()}
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "fno-link",
            "version": VERSION,
            "summary": "Which Finance & Operations environment a Dataverse organization is linked to, and its events.",
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The function app that answers this."}],
        "tags": [{"name": name, "description": doc} for name, doc in TAGS.items()],
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            **shared,
            "responses": {
                **{name: _refusal(status_of_class(errors[0]), errors, problem) for errors, name in COMMON.items()},
                NO_KEY: _KEYLESS,
                **shared.get("responses", {}),
            },
            "securitySchemes": _SECURITY,
        },
    }


_KEYLESS = {"description": "No key, or none of this operation. Nothing else is told, whatever is asked for."}
_ABOUT = (
    "Times are ISO 8601 with their zone, from 1601 to 9999 in UTC. Errors are problem details (RFC 9457) with the "
    "`code` and `hint` of docs/reference/errors.md. A body has a Content-Length: one that is sent in chunks never "
    "reaches the app. An answer may gain members without notice. A method or path that is not here is answered 404 by "
    "the Functions host, with no body."
)
_SECURITY = {
    "functionKey": {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "A key of the operation's own function, or a host key.",
    },
    "functionKeyInQuery": {"type": "apiKey", "in": "query", "name": "code", "description": "The same in the URL."},
    "entra": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of Microsoft Entra for this app, at the same path with /api/entra in place of /api; "
        "the scopes named at an operation are app roles. Without a good one it is 401, without the role 403.",
    },
}


def _operation(row: Row, schemas: Schemas, problem: Mapping[str, Any]) -> dict[str, Any]:
    described = OPERATIONS[row.name.removeprefix(f"{ENTRA}_")]
    if row.role is not None:
        refusals = (CallerUnknown, CallerRefused, *UNKNOWN)
        described = msgspec.structs.replace(described, errors=(*described.errors, *refusals))
    written = _described(row.name, described, schemas, problem)
    if row.role is not None:
        written["security"] = [{"entra": [row.role]}]
        return written
    if not row.anonymous:
        written["responses"]["401"] = {"$ref": f"#/components/responses/{NO_KEY}"}
    written["security"] = [] if row.anonymous else [{name: []} for name in KEY_SCHEMES]
    if row.retiring is not None:
        written["deprecated"] = True
        written["description"] = f"{written.get('description', '')} {row.retiring}".strip()
    return written


def _described(name: str, described: Described, schemas: Schemas, problem: Mapping[str, Any]) -> dict[str, Any]:
    responses = {str(status): _answer(each, schemas) for status, each in described.answers.items()}
    responses |= _errors(described, problem, responses)
    parameters = [
        *(_parameter(each, "path") for each in described.parts),
        *(_parameter(each, "query") for each in described.query),
        *({"in": "header", **_header(each, named=True)} for each in described.headers),
    ]
    return {
        "operationId": name,
        "tags": [described.tag],
        "summary": described.summary,
        **({"description": described.doc} if described.doc else {}),
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": _body(described.body, schemas)} if described.body is not None else {}),
        "responses": dict(sorted(responses.items())),
    }


def _errors(described: Described, problem: Mapping[str, Any], answered: Mapping[str, Any]) -> dict[str, Any]:
    kinds = [*described.errors, *UNIVERSAL]
    if described.query:
        kinds.append(InvalidRequest)
    if described.body is not None and described.body.order is not None:
        kinds += [InvalidRequest, LengthRequired]
    by_status: dict[int, list[type[FnoLinkError]]] = {}
    for kind in dict.fromkeys(kinds):
        by_status.setdefault(status_of_class(kind), []).append(kind)
    written: dict[str, Any] = {}
    for status, errors in by_status.items():
        common = COMMON.get(tuple(errors))
        if common is not None and str(status) not in answered:
            written[str(status)] = {"$ref": f"#/components/responses/{common}"}
            continue
        written[str(status)] = _refusal(status, errors, problem, answered.get(str(status)))
    return written


def _refusal(
    status: int, errors: Sequence[type[FnoLinkError]], problem: Mapping[str, Any], before: Any = None
) -> dict[str, Any]:
    means = " ".join(f"`{each.__name__}`: {(inspect.getdoc(each) or '').splitlines()[0]}" for each in errors)
    known = {"properties": {"code": {"enum": sorted(each.__name__ for each in errors)}, "status": {"const": status}}}
    answered: dict[str, Any] = before or {}
    return {
        "description": f"{answered.get('description', '')} {means}".strip(),
        **({"headers": {"Retry-After": _header(_RETRY_AFTER)}} if status in (TOO_MANY, UNAVAILABLE) else {}),
        "content": {**answered.get("content", {}), PROBLEM_TYPE: {"schema": {"allOf": [dict(problem), known]}}},
    }


def _answer(answer: Answer, schemas: Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for media_type in answer.media_types:
        if answer.types and media_type.endswith("json"):
            kinds = [schemas.of(each) for each in answer.types]
            content[media_type] = {"schema": kinds[0] if len(kinds) == 1 else {"anyOf": kinds}}
            if answer.examples:
                content[media_type]["examples"] = _examples(answer.examples)
        elif not media_type.endswith("/json"):
            content[media_type] = {"schema": {"type": "string"}}
    return {
        "description": answer.doc,
        **({"headers": {each.name: _header(each) for each in answer.headers}} if answer.headers else {}),
        **({"content": content} if content else {}),
        **(
            {
                "links": {
                    name: {"operationId": each.operation, "parameters": dict(each.given)}
                    for name, each in answer.links.items()
                }
            }
            if answer.links
            else {}
        ),
    }


def _body(body: Body, schemas: Schemas) -> dict[str, Any]:
    schema = schemas.of(body.order) if body.order is not None else dict(body.schema)
    examples = {"examples": _examples(body.examples)} if body.examples else {}
    # Only JSON is exemplified: what else is taken is not read.
    content = {
        each: {"schema": schema, **(examples if each == JSON or len(body.media_types) == 1 else {})}
        for each in body.media_types
    }
    return {"description": body.doc, "content": content, "required": body.required}


def _examples(examples: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"value": msgspec.to_builtins(each)} for name, each in examples.items()}


def _parameter(parameter: Parameter, place: str) -> dict[str, Any]:
    schema = dict(parameter.schema)
    if place == "path":
        schema |= {"minLength": 1}
    return {
        "in": place,
        "name": parameter.name,
        "description": parameter.doc,
        **({"required": True} if place == "path" else {}),
        # The Functions host leaves out what is empty, and so it is taken as not given.
        **({"allowEmptyValue": True} if place == "query" else {}),
        "schema": schema,
        **({"example": parameter.example} if parameter.example else {}),
    }


def _header(header: Header, *, named: bool = False) -> dict[str, Any]:
    return {
        **({"name": header.name} if named else {}),
        "description": header.doc,
        **({"required": True} if header.required else {}),
        "schema": dict(header.schema),
    }
