"""Codes of Dataverse that say who is refused and why, whatever their HTTP status; pure.

Sources: the pages "Web service error codes", "Control app access to environments" (0x80095ffc), "IP firewall in Power
Platform environments" (0x80095ffe), "Service protection API limits" and answers recorded from live systems. "Compose
HTTP requests and handle errors" says that a code is not related to the status: a disabled user was answered 400 and
403, throttling 429, 500 and 503.
"""

import msgspec

from integration.errors import Forbidden


class Refusal(msgspec.Struct, frozen=True):
    """Why the application user may not make a call, and what to do.

    Args:
        why: In words.
        hint: What to do.
    """

    why: str
    hint: str = Forbidden.hint


_ENABLE = Refusal(
    "its application user is disabled in this environment",
    "Enable the application user: Power Platform admin center > environment > Settings > Users + permissions > "
    "Application users.",
)
_PRIVILEGE = Refusal("the application user lacks a privilege", "Give the application user a security role.")

REFUSALS = {
    "0x80095ffc": Refusal(
        "the application is blocked in this environment",
        "Allow its client id: Power Platform admin center > environment > Settings > Product > Privacy + security > "
        "App access control.",
    ),
    "0x80095ffe": Refusal(
        "the environment's IP firewall blocks the address of this caller",
        "Allow its outbound addresses, or its service tag: Power Platform admin center > environment > Settings > "
        "Product > Privacy + security > IP firewall.",
    ),
    "0x80040225": _ENABLE,
    "0x80041d1f": _ENABLE,
    "0x80072560": Refusal("there is no application user for the client id in this organization"),
    "0x80042f09": Refusal(
        "the application user has no security role", "Give the application user a security role in this organization."
    ),
    "0x8004d24b": Refusal(
        "its user has no license",
        "Call with an application user, which needs none; or assign a license to the user that is called with.",
    ),
    "0x80040220": _PRIVILEGE,
    "0x80048306": _PRIVILEGE,
}
"""By code, in lower case."""

UNSAID = Refusal(
    "the application user lacks a privilege, or a policy of the environment is against it",
    "Give the application user a security role; then look at the environment's access settings in the Power Platform "
    "admin center.",
)
"""Of 403 with a code that is not known, or with none."""

THROTTLED = frozenset({"0x80072321", "0x80072322", "0x80072326", "0x80060308", "0x8005f103"})
"""Execution time, number of requests, concurrent requests; and a server that is busy."""
