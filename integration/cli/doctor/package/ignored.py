"""What a .funcignore keeps out; pure, and of the standard library alone: scripts/package.py runs this file, too.

Source: the page "gitignore": patterns without a slash name a file or folder anywhere, the last one that fits decides.
"""

from collections.abc import Iterable
from pathlib import PurePosixPath


def patterns_of(text: str) -> list[str]:
    """Return the patterns of a .funcignore.

    Args:
        text: The file's.
    """
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def is_ignored(path: PurePosixPath, patterns: Iterable[str]) -> bool:
    """Say whether patterns keep a file out.

    Args:
        path: Relative to the folder of the .funcignore.
        patterns: As `patterns_of` returns them; `!` lets in again.
    """
    for part in [*reversed(path.parents[:-1]), path]:
        kept_out = False
        for pattern in patterns:
            bare = pattern.removeprefix("!").rstrip("/")
            anchored = "/" in bare
            if part.full_match(bare.removeprefix("/")) if anchored else PurePosixPath(part.name).full_match(bare):
                kept_out = not pattern.startswith("!")
        if kept_out:
            return True
    return False
