"""The user that the application is in Finance & Operations, and its security roles: the step and its judgement; pure.

Sources: the page "Enable the Microsoft Power Platform integration" of April 2022 (the roles), and public scripts that
read `SysAADClients` (which user an application is) and `SecurityUserRoles` (which roles a user has). The names of roles
are labels: in an environment of another language they are other words, so that nothing fails by them.
"""

from collections.abc import Mapping, Sequence

from integration.cli.doctor.step import Finding, Step, failed, passed, warned
from integration.plain_text import plain

CLIENTS_SET = "SysAADClients"
CLIENT_COLUMNS = ("AADClientId", "Name", "UserId")
ROLES_SET = "SecurityUserRoles"
ROLE_COLUMNS = ("UserId", "SecurityRoleIdentifier", "SecurityRoleName", "AssignmentStatus")

BUILT_IN = "PowerPlatformApp"
PAGE_ROLES = (
    "Business events security role",
    "Dataverse Virtual entity application",
    "Dataverse Virtual entity anonymous user",
    "Dataverse Virtual entity authenticated user",
)
WHERE = (
    "Look in Finance & Operations > System administration > Setup > Microsoft Entra applications: the client id is "
    f"mapped to {BUILT_IN}, or to a user with the roles {', '.join(PAGE_ROLES[:-1])} and {PAGE_ROLES[-1]}."
)

USER_OF_THE_APP = Step(
    "environment_user",
    "The application's user in Finance & Operations has the roles of the page",
    WHERE,
    "Grant app permissions in Finance and Operations apps, step 2",
    asks=f"Finance & Operations: `{CLIENTS_SET}` for the user, `{ROLES_SET}` for its roles, where it may read them.",
    needs=("environment_read",),
)


def user_of(clients: Sequence[Mapping[str, object]]) -> str:
    """Return the user that an application is mapped to, by its rows; empty: no row tells one."""
    return next((user for row in clients if isinstance(user := row.get("UserId"), str) and user), "")


def judge_roles(user: str, roles: Sequence[Mapping[str, object]]) -> Finding:
    """Judge the roles of the application's user.

    Args:
        user: The user's id.
        roles: Its rows.
    """
    names = [
        plain(name)
        for row in roles
        if isinstance(name := row.get("SecurityRoleName"), str) and row.get("AssignmentStatus") != "Disabled"
    ]
    if not names:
        return failed(USER_OF_THE_APP, f"its user {plain(user)} has no role")
    has = {name.casefold() for name in names}
    absent = [name for name in PAGE_ROLES if name.casefold() not in has]
    if user.casefold() == BUILT_IN.casefold():
        # The page takes this user as it is; Microsoft gives it its roles.
        return passed(USER_OF_THE_APP, f"{BUILT_IN}, with {len(names)} roles")
    if absent:
        return warned(
            USER_OF_THE_APP, f"its user {plain(user)} has {', '.join(names[:8])}, but not {', '.join(absent)}"
        )
    return passed(USER_OF_THE_APP, f"{plain(user)}, with {', '.join(PAGE_ROLES)}")
