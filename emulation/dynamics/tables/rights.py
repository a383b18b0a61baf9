"""What a user may do, by its roles.

Source: the pages "Security roles and privileges" and "Predefined security roles", simplified: an administrator all, a
customizer all but users, any other role reads; a single privilege can be taken away.
"""

from collections.abc import Set as AbstractSet
from typing import Literal

from emulation.dynamics.tables.refused import no_privilege, no_roles
from emulation.dynamics.tables.seeds import ADMINISTRATOR, CUSTOMIZER

type Verb = Literal["Create", "Read", "Write", "Delete"]

NOT_CUSTOMIZED = frozenset({"SystemUser", "Role", "BusinessUnit"})


def demand(user: str, roles: AbstractSet[str], denied: AbstractSet[str], verb: Verb, table: str) -> None:
    """Let a user pass that has the right.

    Args:
        user: The id of the user.
        roles: Names of its roles.
        denied: Privileges that are taken away from it.
        verb: What it is about to do.
        table: The table's schema name.

    Raises:
        Refused: It has no role at all, or none with the privilege.
    """
    privilege = f"prv{verb}{table}"
    if not roles:
        raise no_roles(user)
    held = ADMINISTRATOR in roles or (CUSTOMIZER in roles and table not in NOT_CUSTOMIZED) or verb == "Read"
    if not held or privilege in denied:
        raise no_privilege(user, privilege)
