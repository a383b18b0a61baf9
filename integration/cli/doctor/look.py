"""What Microsoft's page wants before the setup: asked where an API tells the caller, else somebody looks there."""

from integration.cli.doctor.step import Finding, Step

PREREQUISITES = "Prerequisites for setting up the Microsoft Power Platform integration"
YOURSELF = "look yourself"
TENANT_ADMINISTRATOR = "whoever administers the tenant's Power Platform may ask"

CAPACITY = Step(
    "capacity",
    "At least 1 GB of Dataverse database capacity is free",
    "Look in the Power Platform admin center > Licensing > Dataverse: without it the setup fails.",
    f"{PREREQUISITES}, capacity; Licensing and capacity considerations (2023)",
    asks=f"The Power Platform API: `licensing/tenantCapacity`; {TENANT_ADMINISTRATOR}.",
    needs=("token",),
)
ADMINISTRATOR = Step(
    "administrator",
    "The environment's administrator may create environments",
    "Look in Lifecycle Services > Environment details for the environment administrator; where not everyone may create "
    "production environments, Microsoft Entra admin center > Roles has to give that account Global, Dynamics 365 or "
    "Power Platform administrator.",
    f"{PREREQUISITES}, environment administrator and admin roles",
    asks="Microsoft Graph: the directory roles of the person who is signed in (Azure CLI or `--device-code`); of an "
    "application there are none. Who is the administrator in Lifecycle Services is not asked.",
    needs=("token",),
)
LICENCE = Step(
    "licence",
    "The environment's administrator has a licence",
    "Look in the Microsoft 365 admin center > Users: Dynamics 365 Unified Operations Plan, AX Enterprise, or a licence "
    "of an application such as Dynamics 365 Finance.",
    f"{PREREQUISITES}, licences",
    asks="Microsoft Graph: the licences of the person who is signed in; of an application there are none.",
    needs=("token",),
)
GOVERNANCE = Step(
    "governance",
    "The tenant's governance policy allows the environment",
    "Look in the Power Platform admin center > Settings (Global or Power Platform administrator): who may create "
    "production environments.",
    f"{PREREQUISITES}, governance policy",
    asks="The API behind the admin center: the tenant's settings, which it tells every person, and applications that "
    "are management applications of the Power Platform.",
    needs=("token",),
)
STEPS = (CAPACITY, ADMINISTRATOR, LICENCE, GOVERNANCE)


def yourself(why: str, because: Step) -> tuple[Finding, ...]:
    """Return a finding for each: it was not done, and where to look.

    Args:
        why: Why nobody was asked.
        because: The step that has to pass first.
    """
    return tuple(look_yourself(step, why, because) for step in STEPS)


def look_yourself(step: Step, why: str, because: Step | None = None) -> Finding:
    """Return that nobody was asked, or none who may tell, and where to look.

    Args:
        step: The step.
        why: Why nobody tells it.
        because: The step that has to pass first, where one has.
    """
    return Finding(
        step=step.name,
        title=step.title,
        verdict="skipped",
        message=f"{YOURSELF}: {why}",
        todo=step.todo,
        page=step.page,
        because=because.name if because else "",
    )
