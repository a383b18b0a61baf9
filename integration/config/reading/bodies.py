"""How large a body may be: what the sources accept, and what the Functions host reads at all."""

from collections.abc import Iterator

from integration.config.keys.model import Configuration
from integration.config.keys.sources import HttpSource
from integration.config.settings.settings import BODY_LIMIT, Environ
from integration.errors import Problem

# So that a body that is a little too large is told so by 413.
MARGIN = 65_536


def body_warnings(configuration: Configuration, environ: Environ) -> Iterator[Problem]:
    """Warn where the host's limit and the sources' do not fit: bodies between the two are 500, or cost memory."""
    given = environ.get(BODY_LIMIT, "").strip()
    accepted = [
        each.max_body for each in configuration.sources.values() if isinstance(each, HttpSource) and each.enabled
    ]
    if not given or not accepted:
        return
    wanted = max(accepted) + MARGIN
    if not given.isdecimal():
        yield Problem(BODY_LIMIT, f"`{given[:40]}` is no number: the host takes 100 MB", f"set it to {wanted}")
    elif int(given) < max(accepted):
        message = f"the host reads {given} bytes, a source accepts {max(accepted)}: what is between is 500"
        yield Problem(BODY_LIMIT, message, f"set it to {wanted}")
