"""Text for a terminal: what could move the cursor, forge a line or turn text round is written by its number."""


def plain(text: str) -> str:
    """Return a text in which every character can be seen.

    Args:
        text: From anywhere.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape", "surrogatepass").decode() for each in text
    )
