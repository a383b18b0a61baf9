"""What only fno-link itself says of an event: a message from outside that says it is refused, whatever its shape.

Routes send `fno-link.*` to operators, who act on it; a stamped environment decides where events may go.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from integration.clouds import organization_host

EXTENSIONS = frozenset({"organization", "fnourl", "fnoid", "fnotenantid", "fnolinkoutoforder", "contextstripped"})
"""Extension attributes that nobody but fno-link sets; the others of its own describe what the sender says."""

_TYPE = "fno-link"
_PREFIX = 24
_URL = re.compile(r"(?:https?:)?//(?P<host>[^/?#]*)(?P<path>/[^?#]*)", re.IGNORECASE)
_OURS = re.compile(r"/+(?:fno-link|finance-operations)(?:/|$)")
_DATAVERSE = re.compile(r"\.crm\d*\.")
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9]")


def claim(attributes: Mapping[str, Any], organization_url: str) -> str:
    """Say what the attributes of a foreign event claim that is ours; empty when nothing is.

    Args:
        attributes: By their CloudEvents names, as they came.
        organization_url: Of the source's organization.
    """
    if of_type := claimed_type(attributes.get("type")):
        return of_type
    if is_our_source(attributes.get("source"), organization_url):
        return f"the source {attributes['source'][:120]!r}"
    for name, value in attributes.items():
        if value is not None and _NOT_IN_A_NAME.sub("", name.lower()) in EXTENSIONS:
            return f"the extension {name[:40]!r}"
    return ""


def claimed_type(type_: object) -> str:
    """Say that a type is one of ours, by the letters that routes compare; empty when it is not."""
    if not isinstance(type_, str):
        return ""
    folded = type_.strip()[:_PREFIX].casefold()
    ours = folded == _TYPE or folded.startswith(f"{_TYPE}.")
    return f"the type {type_[:120]!r}" if ours else ""


def is_our_source(source: object, organization_url: str) -> bool:
    """Say whether a source is the one of our alerts or of the business events that we decode, in whatever spelling."""
    if not isinstance(source, str) or (found := _URL.match(unquote(source.strip()))) is None:
        return False
    host = organization_host(found["host"])
    known = host == organization_host(organization_url) or _DATAVERSE.search(host) is not None
    return bool(host) and known and _OURS.match(found["path"].casefold()) is not None
