"""Text that a card shows as it is.

TextBlock and the values of a FactSet take a subset of Markdown, links among it, and functions such as
`{{DATE(…)}}` (page "Text features" of Adaptive Cards); the runs of a RichTextBlock take none. What comes from outside
must not become a link that an operator trusts, nor any other form.
"""

import re

from integration.plain_text import plain

_MARKS = re.compile(r"[\\`*_{}\[\]()<>#~|!&:@]")
_AT_THE_BEGINNING = re.compile(r"^(\s*)(\d*)([-+.])")


def shown(text: str, longest: int) -> str:
    """Clean a text and cut it; for the runs of a RichTextBlock, which know no Markdown.

    Args:
        text: Anything.
        longest: Characters that are kept.
    """
    return plain(text, longest=longest).replace("{{", "{ {").strip()  # four spaces before it would make it code


def escaped(text: str, longest: int) -> str:
    """Clean a text, cut it, and escape every mark of Markdown in it; for TextBlocks and FactSets.

    Args:
        text: Anything.
        longest: Characters that are kept, before marks are escaped.
    """
    return _AT_THE_BEGINNING.sub(r"\1\2\\\3", _MARKS.sub(r"\\\g<0>", shown(text, longest)))
