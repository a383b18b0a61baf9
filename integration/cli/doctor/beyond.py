"""Steps beyond Microsoft's settings script: hosts, roles, the other views of the link, solutions, the environment.

Sources: the pages "Enable the Microsoft Power Platform integration" (the role), "Configure Dataverse virtual entities"
(the solutions that make them), "Dual-write setup from Lifecycle Services" and "Manage your environment's dual-write
solutions" (DualWriteCore).
"""

from integration.cli.doctor.step import ADD_USER, Step

GRANT = "Grant app permissions in Finance and Operations apps"
VERIFY = "Verifying Power Platform integration status"

HOST = Step(
    "host",
    "The organization's host answers: its name, TLS, and the tenant that it names",
    "Check the URL, DNS, the proxy (HTTPS_PROXY) and its certificates (SSL_CERT_FILE) on this machine.",
    "",
    asks="Dataverse: a call without a token, which is answered with the tenant's authority.",
)
AUTHORITY = Step(
    "authority",
    "The Entra authority of the organization's cloud answers: its name and TLS",
    "Check DNS, the proxy (HTTPS_PROXY) and its certificates (SSL_CERT_FILE) on this machine, and `cloud`.",
    "",
    asks="Asks the authority for the tenant's OpenID document.",
)
CLOCK = Step(
    "clock",
    "This machine's clock is right",
    "Set the clock: Microsoft Entra refuses a certificate's assertion (AADSTS700024), and resources refuse tokens, "
    "that are minutes off.",
    "",
    asks="Compares with the `Date` of the answer of each host that was asked.",
)
ROLE = Step(
    "role",
    "The caller has the security role Finance and Operations Integration User",
    "Give the application user the security role Finance and Operations Integration User: Power Platform admin center "
    "> environment > Settings > Users + permissions > Application users.",
    f"{ADD_USER}, step 2",
    asks="Dataverse: the roles of the user that WhoAmI names.",
    needs=("who_am_i",),
)
PLATFORM_HOST = Step(
    "platform_host",
    "The Power Platform API of the organization's cloud answers: its name and TLS",
    "Let this machine reach it, or do without: only what the Power Platform says of the link is missed.",
    VERIFY,
    asks="The Power Platform API: a call without a token.",
)
PLATFORM = Step(
    "platform",
    "The Power Platform has the same link",
    "Look in the Power Platform admin center at the environment's Finance and operations URL; two views that disagree "
    "mean a setup that was not finished, or an environment that was copied.",
    VERIFY,
    asks="The Power Platform API: the environment, where the caller may read it.",
    needs=("link",),
)
APPLICATION = Step(
    "application",
    "The unified environment's Finance & Operations application runs",
    "Look in the Power Platform admin center > environment > Resources > Dynamics 365 apps.",
    VERIFY,
    asks="Dataverse: `msprov_getfinopsapplicationdetails`, which unified environments have.",
    needs=("token",),
)
VIRTUAL_ENTITIES = Step(
    "virtual_entities",
    "The solutions of virtual entities are installed",
    "Install them: Power Platform admin center > environment > Dynamics 365 apps > Finance and Operations Virtual "
    "Entity.",
    "Enable integration with an existing Power Platform environment, Virtual entities",
    asks="Dataverse: `solutions`.",
    needs=("who_am_i",),
)
DUAL_WRITE = Step(
    "dual_write",
    "The dual-write core solution is installed",
    "Only where dual-write is wanted: install the Dual-write core solution.",
    "Enable integration with an existing Power Platform environment, Dual-write",
    asks="Dataverse: `solutions`.",
    needs=("who_am_i",),
)
ENVIRONMENT_HOST = Step(
    "environment_host",
    "The linked environment's host answers: its name and TLS",
    "Check the environment's URL in Lifecycle Services, DNS, the proxy (HTTPS_PROXY) and its certificates "
    "(SSL_CERT_FILE) on this machine.",
    GRANT,
    asks="Finance & Operations: a call without a token; none is made to a host that is not trusted.",
    needs=("link",),
)
ENVIRONMENT_TOKEN = Step(
    "environment_token",
    "Microsoft Entra gives a token for the linked environment",
    "Do what the message says.",
    GRANT,
    asks="Asks Microsoft Entra for a token for the environment; none is asked for one that is not trusted.",
    needs=("link",),
)
ENVIRONMENT_READ = Step(
    "environment_read",
    "The linked environment knows the application, and lets it read",
    "Add the client id under System administration > Setup > Microsoft Entra applications, mapped to PowerPlatformApp "
    "or another enabled user.",
    f"{GRANT}, steps 1 and 2",
    asks="Finance & Operations: one row of `LegalEntities`.",
    needs=("environment_token",),
)
