"""What is said of an error that nobody has foreseen: its kind, its message without secrets, where it happened.

A traceback shows whatever its exceptions were given, and some are given payloads and keys. So a summary has the places
of our own code, the innermost place of others', and a short message in which all that may be a secret is masked.
"""

import asyncio
import re
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import cast

from integration.errors import StorageUnavailable, Unforeseen
from integration.plain_text import plain
from integration.redaction import redact

_ROOT = Path(__file__).parent
_LONGEST = 200
_FRAMES = 6
_LEAVES = 3
_MASK = "…"
_SECRETS = (
    re.compile(r"(?<=://)[^/\s@'\"]*@"),  # user information
    re.compile(r"\?[^\s'\"]+"),  # a query: signatures and function keys stand there
    re.compile(r"(?i)\b(bearer|basic|sharedaccesssignature|sharedkey)\s+\S+"),
    re.compile(r"(?i)\b[\w-]*(secret|password|pwd|token|signature|sig|key|code|authorization)['\"]?\s*[=:]\s*\S+"),
    re.compile(r"(?=[\w+/~-]*\d)(?=[\w+/~-]*[A-Za-z])[\w+/~-]{24,}={0,2}"),  # what looks like a key
    re.compile(r"(?<=')[^']{41,}(?=')|(?<=\")[^\"]{41,}(?=\")"),  # what is quoted at length is somebody's data
)


def unforeseen(error: BaseException) -> Unforeseen:
    """Make an error of ours of one that nobody has foreseen.

    Args:
        error: As it was raised, with its traceback; an exception group, too.

    Returns:
        One whose message is the summary.

    Raises:
        StorageUnavailable: The account did not answer is at the bottom of it.
    """
    for leaf in _leaves(error):
        if isinstance(leaf, StorageUnavailable):
            raise StorageUnavailable(str(leaf)) from error
    return error if isinstance(error, Unforeseen) else Unforeseen(summary(error))


async def netted[T](
    act: Awaitable[T], otherwise: Callable[[Unforeseen], Awaitable[T]], *, passing: tuple[type[Exception], ...] = ()
) -> T:
    """Await something; what goes wrong in a way that nobody has foreseen is for `otherwise`.

    A cancellation counts as that, too, unless it is ours that is cancelled: libraries let those of their own tasks
    through.

    Args:
        act: What is awaited.
        otherwise: Given the error; what it returns is returned.
        passing: Errors that the caller knows of, beside StorageUnavailable.

    Raises:
        StorageUnavailable: Something could not be stored.
    """
    try:
        return await act
    except (StorageUnavailable, *passing):
        raise
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        fault = unforeseen(error)
    except Exception as error:  # noqa: BLE001  # the net under everything: nothing accepted may fall through
        fault = unforeseen(error)
    return await otherwise(fault)


def summary(error: BaseException) -> str:
    """Say in one line what happened, and where; no payload, no secret, no control character."""
    said = "; ".join(_said(leaf) for leaf in list(_leaves(error))[:_LEAVES])
    before = error.__cause__ or error.__context__
    if before is not None and before is not error:
        said += f" (after {_said(before)})"
    places = _places(error)
    return f"{said}, at {' < '.join(places)}" if places else said


def masked(text: str) -> str:
    """Return a text, shortened, without what may be a secret and without characters that are not printed."""
    text = redact(text[: 20 * _LONGEST])
    for pattern in _SECRETS:
        text = pattern.sub(_MASK, text)
    return plain(text, longest=_LONGEST)


def _said(error: BaseException) -> str:
    try:
        text = masked(str(error))
    except Exception:  # noqa: BLE001  # an exception that cannot say what it is
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _leaves(error: BaseException) -> Iterator[BaseException]:
    waiting = [error]
    while waiting:
        found = waiting.pop(0)
        if isinstance(found, BaseExceptionGroup):
            waiting += cast("BaseExceptionGroup[BaseException]", found).exceptions
        else:
            yield found


def _places(error: BaseException) -> list[str]:
    """Name where it was raised, innermost first: our own lines, and the innermost of all."""
    places: list[str] = []
    walked = list(traceback.walk_tb(error.__traceback__))
    if not walked:
        walked = list(traceback.walk_tb(next(_leaves(error)).__traceback__))
    for number, (frame, line) in enumerate(reversed(walked)):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_ROOT):
            places.append(f"{path.relative_to(_ROOT.parent).as_posix()}:{line}")
        elif number == 0:
            places.append(f"{'/'.join(path.parts[-2:])}:{line}")
        if len(places) > _FRAMES:
            break
    return places
