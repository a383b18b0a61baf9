"""Microsoft's clouds: which Entra authority signs in, and under which host suffixes Dynamics 365 lives.

Sources: the geography table of the page "Deployment options by geography" (F&O hosts), "New datacenter regions"
(Dataverse hosts) and the constants of the Power Platform Terraform provider (authorities).
"""

from typing import Literal

import msgspec

type CloudName = Literal["public", "gcc", "gcc_high", "dod", "china"]


class Cloud(msgspec.Struct, frozen=True):
    """One cloud.

    Args:
        authority: Host of the Entra authority.
        dataverse: Host suffixes, each with a leading dot, of Dataverse organizations.
        finance_operations: Host suffixes, each with a leading dot, of F&O environments.
    """

    authority: str
    dataverse: tuple[str, ...]
    finance_operations: tuple[str, ...]


CLOUDS: dict[CloudName, Cloud] = {
    "public": Cloud(
        "login.microsoftonline.com",
        (".dynamics.com",),
        (
            ".operations.dynamics.com",
            *(f".operations.{geo}.dynamics.com" for geo in ("eu", "fr", "no", "sa", "ch", "uae")),
            ".cloudax.dynamics.com",
            ".axcloud.dynamics.com",
            ".cloud.dynamics.com",
        ),
    ),
    # GCC signs in at the public Entra; only its hosts differ.
    "gcc": Cloud(
        "login.microsoftonline.com",
        (".dynamics.com",),
        (".operations.gov.microsoftdynamics.us",),
    ),
    "gcc_high": Cloud(
        "login.microsoftonline.us",
        (".microsoftdynamics.us",),
        (".operations.high.microsoftdynamics.us",),
    ),
    # Nobody documents the F&O hosts of DoD; `trusted_hosts` of the organization names them.
    "dod": Cloud("login.microsoftonline.us", (".appsplatform.us",), (".operations.appsplatform.us",)),
    "china": Cloud("login.chinacloudapi.cn", (".dynamics.cn",), (".operations.dynamics.cn",)),
}
