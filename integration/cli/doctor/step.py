"""The steps of the doctor, and what to do where one fails.

What to do names the step of the page "Enable the Microsoft Power Platform integration" (April 2022), whose settings
script asks for the five settings and then calls `sdkmessages`.
"""

from typing import Literal

import msgspec

type Verdict = Literal["pass", "warn", "fail", "unknown", "skipped"]


class Step(msgspec.Struct, frozen=True):
    """One step.

    Args:
        name: Its stable name.
        title: What it checks.
        todo: What to do where it fails.
        page: The step of Microsoft's setup page to do, or a page of ours: `docs/…`.
        asks: Who is asked, and for what.
        needs: The steps that have to pass first.
    """

    name: str
    title: str
    todo: str
    page: str
    asks: str
    needs: tuple[str, ...] = ()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one step found.

    Args:
        step: The step's name.
        title: What it checked.
        verdict: `warn`: nothing is broken by it; `unknown`: the other side did not answer; `skipped`: it was not done.
        message: What was found.
        todo: What to do, unless it passed.
        page: The step of Microsoft's setup page to do, unless it passed.
        because: The name of the step that has to pass first, of a skipped one.
    """

    step: str
    title: str
    verdict: Verdict
    message: str
    todo: str = ""
    page: str = ""
    because: str = ""


SCRIPT = "Configure Finance and Operations apps to use the Azure AD application to connect to Dataverse"
REGISTER = "Register an application in the Azure portal"
ADD_USER = "Add the Azure AD application as a Microsoft Power Platform user"

CONFIGURATION = Step(
    "configuration",
    "fno-link.toml and the app settings",
    "Mend every problem that `fno-link config check` lists.",
    "",
    asks="Reads fno-link.toml and the app settings; asks nobody.",
)
ORGANIZATION_URL = Step(
    "organization_url",
    "The organization's URL is a URL",
    "Set `url` to the Environment URL on the environment's details in the Power Platform admin center.",
    f"{SCRIPT}, step 3: Dataverse Organization URL",
    asks="Reads the configuration; asks nobody.",
)
ORGANIZATION_ID = Step(
    "organization_id",
    "The organization's id is a GUID, and WhoAmI's",
    "Set `organization_id` to the Organization ID on the environment's details in the Power Platform admin center, or "
    "leave it out.",
    f"{SCRIPT}, step 3: Dataverse Organization ID",
    asks="Compares with WhoAmI.",
    needs=("who_am_i",),
)
TENANT = Step(
    "tenant_domain",
    "The tenant is one that Microsoft Entra knows",
    "Set `tenant` to the primary domain of the tenant that Dataverse uses, and `cloud` to its cloud.",
    f"{SCRIPT}, step 3: Dataverse AAD Tenant domain",
    asks="Asks Microsoft Entra for the tenant's OpenID document.",
)
APP_ID = Step(
    "app_id",
    "The app id is a GUID that the tenant knows",
    "Set the client id to the Application (client) ID of the app registration.",
    f"{REGISTER}, step 5; {SCRIPT}, step 3: Dataverse AAD app ID",
    asks="Reads the app settings, and what Entra said of the token.",
)
APP_SECRET = Step(
    "app_secret",
    "The secret or certificate is there, and Entra accepts it",
    "Create a new client secret and set its Value (not its Secret ID), or upload the certificate.",
    f"{REGISTER}, step 6; {SCRIPT}, step 3: Dataverse AAD app secret",
    asks="Reads the app settings, and what Entra said of the token.",
)
TOKEN = Step(
    "token",
    "Microsoft Entra gives a token for the organization",
    "Do what the message says; the settings above are what the token is asked with.",
    REGISTER,
    asks="Asks Microsoft Entra for a token for the organization.",
)
WHO_AM_I = Step(
    "who_am_i",
    "Dataverse knows the application (WhoAmI)",
    "Create the application user of this app id in this organization.",
    f"{ADD_USER}, step 1",
    asks="Dataverse: `WhoAmI`.",
    needs=("token",),
)
SDK_MESSAGES = Step(
    "sdkmessages",
    "The application may read (sdkmessages, Microsoft's own settings test)",
    "Give the application user the security role Finance and Operations Integration User, or one that reads.",
    f"{ADD_USER}, step 2",
    asks="Dataverse: one row of `sdkmessages`.",
    needs=("token",),
)
LINK = Step(
    "link",
    "The organization is linked to a Finance & Operations environment",
    "Link them: Lifecycle Services, Environment details, Power Platform integration, Setup.",
    "Enable integration after environment deployment, steps 1 to 6; then Verifying Power Platform integration status",
    asks="Dataverse: `RetrieveFinanceAndOperationsIntegrationDetails`.",
    needs=("token",),
)


def whose(page: str) -> str:
    """Say of which page a section is: Microsoft's setup page, or one of ours."""
    return "fno-link's page" if page.startswith("docs/") else "Microsoft's setup page"


def passed(step: Step, message: str) -> Finding:
    """Return that a step passed."""
    return Finding(step=step.name, title=step.title, verdict="pass", message=message)


def failed(step: Step, message: str, todo: str = "", *, verdict: Verdict = "fail") -> Finding:
    """Return that a step did not pass, with what to do."""
    return Finding(
        step=step.name, title=step.title, verdict=verdict, message=message, todo=todo or step.todo, page=step.page
    )


def warned(step: Step, message: str, todo: str = "") -> Finding:
    """Return what is not as it should be, though nothing is broken by it."""
    return failed(step, message, todo, verdict="warn")


def skipped(step: Step, message: str, because: Step | None = None) -> Finding:
    """Return that a step was not done, and which has to pass first."""
    return Finding(
        step=step.name,
        title=step.title,
        verdict="skipped",
        message=message,
        because=because.name if because else "",
    )
