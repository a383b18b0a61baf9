"""In which form a status is wanted: by `?format=`, else by `Accept` (RFC 9110, 12.5.1)."""

from collections.abc import Sequence
from typing import Literal, get_args

from integration.errors import InvalidRequest
from integration.web.message import Request

type Form = Literal["html", "json", "atom"]

TYPES: dict[Form, str] = {"html": "text/html", "json": "application/json", "atom": "application/atom+xml"}
_ALL: tuple[Form, ...] = get_args(Form.__value__)
# A program that does not say what it takes gets what programs take; a browser names HTML.
_ORDER: tuple[Form, ...] = ("json", "html", "atom")


def wanted(request: Request, forms: Sequence[Form] = _ALL) -> Form:
    """Say which form is wanted; JSON where the request does not say, or wants none of ours.

    Args:
        request: Its `format` counts before its `Accept`.
        forms: Those that there are.

    Raises:
        InvalidRequest: `format` is none of them.
    """
    said = request.query.get("format", "")
    if said:
        for form in forms:
            if form == said:
                return form
        msg = f"format is one of {', '.join(forms)}"
        raise InvalidRequest(msg)
    ranges = [_range(each) for each in request.headers.get("accept", "").split(",")]
    offered: list[Form] = [each for each in _ORDER if each in forms]
    weights: dict[Form, float] = {form: _weight(TYPES[form], ranges) for form in offered}
    best: Form = max(offered, key=lambda form: weights[form])
    return best if weights[best] > 0 else offered[0]


def _range(text: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return name, min(1.0, max(0.0, float(weight)))
    except ValueError:
        return name, 0.0


def _weight(media_type: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Give the weight of a type: the most exact range that it is in counts."""
    above = f"{media_type.partition('/')[0]}/*"
    for each in (media_type, above, "*/*"):
        found = [weight for name, weight in ranges if name == each]
        if found:
            return max(found)
    return 0.0
