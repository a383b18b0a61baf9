"""Does a message speak of the integration? Pure.

0x80048d0b is a generic code: a disabled search, an empty parameter and F&O's own errors in virtual tables have it, too.
On the link call it means "not linked"; but where its message is about something else, it may be that of another plug-in
inside the call. Source: the page "Enable Power Platform Integration" in four versions, whose wordings differ: "instance
is not integrated with Finance and Operations", "environment is not integrated with …", "instance isn't integrated with
finance and operations". They may be localised.
"""

import re
from collections.abc import Iterable

from integration.config.keys.wordings import finds

_KNOWN = re.compile(r"(?:\bnot|n.?t)\s+integrated\s+with\s+finance\s+(?:and|&)\s+operations", re.IGNORECASE)


def speaks_of_integration(message: str, wordings: Iterable[str] = ()) -> bool:
    """Tell whether a message says that there is no integration with Finance & Operations.

    Args:
        message: Dataverse's words.
        wordings: Regular expressions of the configuration, for localised messages; matched in any case.
    """
    return _KNOWN.search(message) is not None or finds(wordings, message)
