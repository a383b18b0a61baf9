"""The steps of the doctor, and what to do where one fails.

What to do names the step of the page "Enable the Microsoft Power Platform integration" (April 2022), whose settings
script asks for the five settings and then calls `sdkmessages`.
"""

from typing import Literal

import msgspec

type Verdict = Literal["pass", "fail", "unknown", "skipped"]


class Step(msgspec.Struct, frozen=True):
    """One step.

    Args:
        name: Its stable name.
        title: What it checks.
        todo: What to do where it fails.
        page: The step of Microsoft's setup page to do.
    """

    name: str
    title: str
    todo: str
    page: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one step found.

    Args:
        step: The step's name.
        title: What it checked.
        verdict: `unknown`: the other side did not answer; `skipped`: an earlier step has to pass first.
        message: What was found.
        todo: What to do, unless it passed.
        page: The step of Microsoft's setup page to do, unless it passed.
    """

    step: str
    title: str
    verdict: Verdict
    message: str
    todo: str = ""
    page: str = ""


SCRIPT = "Configure Finance and Operations apps to use the Azure AD application to connect to Dataverse"
REGISTER = "Register an application in the Azure portal"
ADD_USER = "Add the Azure AD application as a Microsoft Power Platform user"

CONFIGURATION = Step(
    "configuration",
    "fno-link.toml and the app settings",
    "Mend every problem that `fno-link config check` lists.",
    "",
)
ORGANIZATION_URL = Step(
    "organization_url",
    "The organization's URL is a URL",
    "Set `url` to the Environment URL on the environment's details in the Power Platform admin center.",
    f"{SCRIPT}, step 3: Dataverse Organization URL",
)
ORGANIZATION_ID = Step(
    "organization_id",
    "The organization's id is a GUID, and WhoAmI's",
    "Set `organization_id` to the Organization ID on the environment's details in the Power Platform admin center, or "
    "leave it out.",
    f"{SCRIPT}, step 3: Dataverse Organization ID",
)
TENANT = Step(
    "tenant_domain",
    "The tenant is one that Microsoft Entra knows",
    "Set `tenant` to the primary domain of the tenant that Dataverse uses, and `cloud` to its cloud.",
    f"{SCRIPT}, step 3: Dataverse AAD Tenant domain",
)
APP_ID = Step(
    "app_id",
    "The app id is a GUID that the tenant knows",
    "Set the client id to the Application (client) ID of the app registration.",
    f"{REGISTER}, step 5; {SCRIPT}, step 3: Dataverse AAD app ID",
)
APP_SECRET = Step(
    "app_secret",
    "The secret or certificate is there, and Entra accepts it",
    "Create a new client secret and set its Value (not its Secret ID), or upload the certificate.",
    f"{REGISTER}, step 6; {SCRIPT}, step 3: Dataverse AAD app secret",
)
TOKEN = Step(
    "token",
    "Microsoft Entra gives a token for the organization",
    "Do what the message says; the settings above are what the token is asked with.",
    REGISTER,
)
WHO_AM_I = Step(
    "who_am_i",
    "Dataverse knows the application (WhoAmI)",
    "Create the application user of this app id in this organization.",
    f"{ADD_USER}, step 1",
)
SDK_MESSAGES = Step(
    "sdkmessages",
    "The application may read (sdkmessages, Microsoft's own settings test)",
    "Give the application user the security role Finance and Operations Integration User, or one that reads.",
    f"{ADD_USER}, step 2",
)
LINK = Step(
    "link",
    "The organization is linked to a Finance & Operations environment",
    "Link them: Lifecycle Services, Environment details, Power Platform integration, Setup.",
    "Enable integration after environment deployment, steps 1 to 6; then Verifying Power Platform integration status",
)

STEPS = (
    CONFIGURATION,
    ORGANIZATION_URL,
    ORGANIZATION_ID,
    TENANT,
    APP_ID,
    APP_SECRET,
    TOKEN,
    WHO_AM_I,
    SDK_MESSAGES,
    LINK,
)


def passed(step: Step, message: str) -> Finding:
    """Return that a step passed."""
    return Finding(step=step.name, title=step.title, verdict="pass", message=message)


def failed(step: Step, message: str, todo: str = "", *, verdict: Verdict = "fail") -> Finding:
    """Return that a step did not pass, with what to do."""
    return Finding(
        step=step.name, title=step.title, verdict=verdict, message=message, todo=todo or step.todo, page=step.page
    )


def skipped(step: Step, message: str) -> Finding:
    """Return that a step was not done."""
    return Finding(step=step.name, title=step.title, verdict="skipped", message=message)
