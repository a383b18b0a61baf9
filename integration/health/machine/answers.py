"""Answers as a machine takes them: of several one, and no longer than a row may hold."""

from collections.abc import Mapping

import msgspec

from integration.events.alerts.alert import LONGEST, MOST_NAMED
from integration.health.check import Answer, Kind, not_asked

ONE_AFTER_THE_OTHER: tuple[Kind, ...] = ("token", "dataverse", "link")
"""What the machine `integration` is made of: an organization that cannot be asked, and then is lost, is one trouble."""
LONGEST_OF_ONE = 300
"""Characters of the message of one of those that failed."""


def together(parts: Mapping[Kind, Answer]) -> Answer:
    """Make the answer of the machine `integration`.

    Args:
        parts: The answers of token, dataverse and link.

    Returns:
        The first that is not ok; the link's where all are.
    """
    answers = [parts.get(kind, not_asked("nothing")) for kind in ONE_AFTER_THE_OTHER]
    return next((answer for answer in answers if answer.health != "ok"), answers[-1])


def shortened(answer: Answer) -> Answer:
    """Cut an answer to what is told of it: its texts may come from outside."""
    return msgspec.structs.replace(
        answer,
        message=answer.message[:LONGEST],
        hint=answer.hint[:LONGEST],
        failed=tuple(
            msgspec.structs.replace(each, message=each.message[:LONGEST_OF_ONE]) for each in answer.failed[:MOST_NAMED]
        ),
    )
