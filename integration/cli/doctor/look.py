"""What fno-link does not ask: listed, so that somebody looks there."""

from integration.cli.doctor.step import Finding, Step

PREREQUISITES = "Prerequisites for setting up the Microsoft Power Platform integration"
YOURSELF = "look yourself"
NOBODY = "Asks nobody: fno-link has no need of the rights in the tenant that telling it takes."

CAPACITY = Step(
    "capacity",
    "At least 1 GB of Dataverse database capacity is free",
    "Look in the Power Platform admin center > Licensing > Dataverse: without it the setup fails.",
    f"{PREREQUISITES}, capacity; Licensing and capacity considerations (2023)",
    asks=NOBODY,
)
ADMINISTRATOR = Step(
    "administrator",
    "The environment's administrator is known, and may create environments",
    "Look in Lifecycle Services > Environment details for the environment administrator; where not everyone may create "
    "production environments, Microsoft Entra admin center > Roles has to give that account Global, Dynamics 365 or "
    "Power Platform administrator.",
    f"{PREREQUISITES}, environment administrator and admin roles",
    asks=NOBODY,
)
LICENCE = Step(
    "licence",
    "The environment's administrator has a licence",
    "Look in the Microsoft 365 admin center > Users: Dynamics 365 Unified Operations Plan, AX Enterprise, or a licence "
    "of an application such as Dynamics 365 Finance.",
    f"{PREREQUISITES}, licences",
    asks=NOBODY,
)
GOVERNANCE = Step(
    "governance",
    "The tenant's governance policy allows the environment",
    "Look in the Power Platform admin center > Settings (Global or Power Platform administrator): who may create "
    "production environments.",
    f"{PREREQUISITES}, governance policy",
    asks=NOBODY,
)
STEPS = (CAPACITY, ADMINISTRATOR, LICENCE, GOVERNANCE)


def yourself() -> tuple[Finding, ...]:
    """Return a finding for each: it was not done, and where to look."""
    return tuple(look_yourself(step) for step in STEPS)


def look_yourself(step: Step, why: str = "") -> Finding:
    """Return that nobody was asked, or none who may tell, and where to look.

    Args:
        step: The step.
        why: Why nobody tells it; empty: there is nobody to ask.
    """
    message = f"{YOURSELF}: {why}" if why else YOURSELF
    return Finding(step=step.name, title=step.title, verdict="skipped", message=message, todo=step.todo, page=step.page)
