"""Every error of the tree has its status from one table, and nothing but the table decides it."""

import ast
import json
from pathlib import Path

import pytest

from integration import errors
from integration.errors import ConfigurationError, FnoLinkError, Problem
from integration.web.answers import STATUSES, refusal, refusing, status_of

ROOMS = [Path(__file__).parents[3] / "integration" / name for name in ("web", "functions", "operations")]
TREE = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, FnoLinkError)]
KNOWN = {
    "InvalidRequest": 400,
    "ActionsOff": 403,
    "FormRefused": 403,
    "CallerUnknown": 401,
    "CallerRefused": 403,
    "UnknownOrganization": 404,
    "UnknownSource": 404,
    "UnknownDeadLetter": 404,
    "UnknownEvent": 404,
    "UnknownIncident": 404,
    "UnknownJob": 404,
    "UnknownMaintenance": 404,
    "IncidentEnded": 409,
    "AmbiguousEvent": 409,
    "PayloadNotKept": 409,
    "LengthRequired": 411,
    "PayloadTooLarge": 413,
    "TooManyRefreshes": 429,
    "StorageUnavailable": 503,
    "Overloaded": 503,
    "ConfigurationError": 503,
    **dict.fromkeys(
        (
            "LinkUnknown",
            "Unauthenticated",
            "Forbidden",
            "Throttled",
            "Unreachable",
            "UnexpectedAnswer",
            "Busy",
            "RowRefused",
        ),
        503,
    ),
}


def made(kind: type[FnoLinkError]) -> FnoLinkError:
    return ConfigurationError([Problem("key", "wrong")]) if kind is ConfigurationError else kind("what happened")


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_an_error_is_answered_by_its_class_or_the_one_above_it(kind):
    error = made(kind)
    answer = refusal(error)
    told = json.loads(answer.body)
    assert answer.status == status_of(error) == told["status"] == KNOWN.get(kind.__name__, 500)
    assert (told["code"], told["hint"]) == (kind.__name__, error.hint)
    assert ("Retry-After" in answer.headers) is (answer.status in (429, 503))


def test_the_table_names_no_class_without_need():
    for kind, status in STATUSES.items():
        above = [STATUSES[each] for each in kind.__mro__[1:] if each in STATUSES]
        assert above[:1] != [status], kind


async def test_what_is_no_error_of_ours_is_left_to_the_net():
    @refusing()
    async def fails():
        raise ValueError("unforeseen")

    with pytest.raises(ValueError, match="unforeseen"):
        await fails()


def test_errors_become_answers_in_one_place():
    catching = {}
    for path in (path for room in ROOMS for path in room.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ExceptHandler) and node.type is not None:
                names = {each.id for each in ast.walk(node.type) if isinstance(each, ast.Name)}
                if "FnoLinkError" in names:
                    catching[path.name] = catching.get(path.name, 0) + 1
    # On the page of how everything stands, what cannot be read is told beside the rest.
    assert catching == {"answers.py": 1, "status.py": 1, "searched.py": 1}
