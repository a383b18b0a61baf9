"""What the answers about the page's prerequisites mean; pure.

Where the organization is linked the setup is done: what it wanted fails nobody then, and is a warning.

Sources: the page "Enable the Microsoft Power Platform integration" (April 2022 and May 2023), "Microsoft Entra built-in
roles" (template ids) and "Product names and service plan identifiers for licensing" (part numbers and plans).
"""

from collections.abc import Sequence

from integration.cli.doctor.look import ADMINISTRATOR, CAPACITY, GOVERNANCE, LICENCE, look_yourself
from integration.cli.doctor.step import Finding, Step, failed, passed, warned
from integration.links import Link, NotLinked
from integration.microsoft_graph import Held, Licence, Role
from integration.plain_text import plain
from integration.power_platform.estate import GIGABYTE, Capacity

NEEDED = 1.0
"""Gigabytes without which the setup fails."""

OFTEN = 3.0
"""Gigabytes that the new database often takes (page of May 2023)."""

ADMINISTRATORS = {
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
    "44367163-eba1-44c3-98af-f5787879f96a": "Dynamics 365 Administrator",
    "11648597-926c-4cf3-9c36-bcebb0ba8dcc": "Power Platform Administrator",
}
"""The page's roles by template id, which is the same in every tenant and language."""

PRODUCTS = (
    "dynamics_365_for_operations",
    "ax_enterprise_user",
    "dyn365_finance",
    "dynamics_365_finance",
    "d365_finance",
    "dyn365_scm",
    "d365_scm",
)
"""How part numbers and service plans of the page's licences begin, in lower case. Microsoft adds variants (`_ATTACH`,
`_PREMIUM`, `_GOV`); what is of a device, of a team member or a trial is none of them."""

NOT_THESE = ("team_member", "teammember", "device", "trial", "activity", "sandbox", "order_lines")
WORKS = frozenset({"Success", "PendingActivation", "PendingProvisioning"})
"""Of a service plan's `provisioningStatus`: it is there, or comes without anybody's doing."""

NOT_READ = "the application that was signed in to may not read: RoleManagement.Read.Directory lets it"

_MOST_NAMED = 8
_LONGEST_NAME = 60


def judge_capacity(capacity: Capacity, link: Link | None) -> Finding:
    """Judge the tenant's free database capacity.

    Args:
        capacity: As the Power Platform tells it.
        link: The link; None: it is not known.
    """
    free = capacity.free / GIGABYTE
    told = f"{_gigabytes(free)} GB of {_gigabytes(capacity.total / GIGABYTE)} GB are free"
    if free < NEEDED:
        return _wrong(CAPACITY, f"{told}, and the setup needs {NEEDED:g} GB", link)
    if capacity.available is False:
        return _wrong(CAPACITY, f"{told}, but the Power Platform says that none is available", link)
    if free < OFTEN and isinstance(link, NotLinked):
        return warned(CAPACITY, f"{told}, and the new database often takes {OFTEN:g} GB or more")
    return passed(CAPACITY, told)


def role_of(roles: Held[Role]) -> str:
    """Return the role by which somebody administers the Power Platform; empty: none that is told."""
    told = (ADMINISTRATORS.get((role.role_template_id or "").lower()) for role in roles.each)
    return next(filter(None, told), "")


def judge_governance(role: str, *, only_administrators: bool) -> Finding:
    """Judge who may create production environments.

    Args:
        role: The role by which whoever is signed in administers the Power Platform; empty: none is known.
        only_administrators: What the tenant's settings say.
    """
    if not only_administrators:
        return passed(GOVERNANCE, "everyone with a licence may create production environments")
    if role:
        return passed(GOVERNANCE, f"only administrators may create production environments, and the caller is {role}")
    return warned(
        GOVERNANCE,
        "only administrators may create production environments",
        f"See {ADMINISTRATOR.name}: the environment's administrator has to be one of them.",
    )


def judge_administrator(roles: Held[Role] | None, link: Link | None, *, only_administrators: bool | None) -> Finding:
    """Judge whether whoever is signed in may create environments.

    Args:
        roles: As Microsoft Graph tells them; None: they are not known, and need not be.
        link: The link; None: it is not known.
        only_administrators: What the tenant's settings say; None: they are not known.
    """
    role = role_of(roles) if roles else ""
    if role:
        return passed(ADMINISTRATOR, f"whoever is signed in is {role}")
    if only_administrators is False or roles is None:
        return passed(ADMINISTRATOR, "everyone with a licence may create environments, so that no role is needed")
    if any(each.role_template_id is None for each in roles.each):
        return look_yourself(ADMINISTRATOR, f"which directory roles they are, {NOT_READ}")
    if not roles.complete:
        return failed(ADMINISTRATOR, "not every directory role of whoever is signed in was told", verdict="unknown")
    message = f"whoever is signed in has none of the roles {', '.join(ADMINISTRATORS.values())}"
    todo = f"Activate the role, where it is only eligible. {ADMINISTRATOR.todo}"
    if only_administrators is None:
        return warned(ADMINISTRATOR, f"{message}, which not every tenant asks for", todo)
    return _wrong(ADMINISTRATOR, message, link, todo)


def judge_licence(licences: Held[Licence], link: Link | None) -> Finding:
    """Judge the licences of whoever is signed in.

    Args:
        licences: As Microsoft Graph tells them.
        link: The link; None: it is not known.
    """
    found = [each for each in licences.each if _is_one(each)]
    if found:
        return passed(LICENCE, f"whoever is signed in has {_names(found)}")
    if not licences.complete:
        return failed(LICENCE, "not every licence of whoever is signed in was told", verdict="unknown")
    if not licences.each:
        return _wrong(LICENCE, "whoever is signed in has no licence", link)
    # Products are renamed and split: one that is not known here may well be one of the page's.
    return warned(LICENCE, f"whoever is signed in has {_names(licences.each)}, of which none is known as the page's")


def _is_one(licence: Licence) -> bool:
    plans = licence.service_plans
    if plans and not any(plan.provisioning_status in WORKS for plan in plans):
        return False
    names = [plan.service_plan_name for plan in plans if plan.provisioning_status in WORKS]
    return any(
        name.startswith(PRODUCTS) and not any(other in name for other in NOT_THESE)
        for name in ((each or "").lower() for each in (licence.sku_part_number, *names))
    )


def _names(licences: Sequence[Licence]) -> str:
    names = [plain(each.sku_part_number or "one without a name", longest=_LONGEST_NAME) for each in licences]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _gigabytes(amount: float) -> str:
    return f"{amount:.1f}".removesuffix(".0")


def _wrong(step: Step, message: str, link: Link | None, todo: str = "") -> Finding:
    return failed(step, message, todo) if isinstance(link, NotLinked) else warned(step, message, todo)
