"""The word that was probably meant."""

from collections.abc import Iterable


def nearest(text: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return the known word that is nearest; empty when none is near.

    Args:
        text: What was written.
        known: What could have been.
        cutoff: How alike they must be, from 0 to 1.
    """
    from difflib import get_close_matches  # noqa: PLC0415 (only on the way to a problem: import budget)

    return next(iter(get_close_matches(text, list(known), 1, cutoff)), "")
