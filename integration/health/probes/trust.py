"""Is the linked environment one that we send anything to? Pure: the link's answer says it."""

from integration.errors import UntrustedLink
from integration.health.check import OK, Answer, not_asked


def trust(link: Answer) -> Answer:
    """Tell whether the linked environment is trusted.

    Args:
        link: What the link check was answered.

    Returns:
        `not_asked` where it is not linked.
    """
    if link.link is None:
        return not_asked("link")
    if link.link.trusted:
        return OK
    return Answer(
        health="bad",
        code=UntrustedLink.__name__,
        message=f"{link.link.url} is not trusted, and nothing is sent to it: {link.link.distrust}",
        hint=UntrustedLink.hint,
        link=link.link,
    )
