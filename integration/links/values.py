"""The two definite answers about a link. The third state is an error: `LinkUnknown` says why."""

from datetime import datetime

import msgspec


class Linked(msgspec.Struct, frozen=True, kw_only=True, tag_field="state", tag="linked"):
    """The organization is linked to this Finance & Operations environment.

    Args:
        url: The environment's base URL: https, no trailing slash.
        tenant_id: The Entra tenant of both environments, as answered, lower-cased.
        id: The environment's id, as answered, lower-cased.
        trusted: Whether host and tenant pass the trust rules; only then is it ever sent a token, probe or delivery.
        distrust: Why not, empty when trusted.
        checked_at: When Dataverse gave this answer.
        stale: A newer answer could not be had; this one is still within `expire_after`.
        is_unified_database: Undocumented extra of the answer, where present.
        lifecycle_status: Undocumented extra of the answer (`OrgLifecycleStatus`), where present.
    """

    url: str
    tenant_id: str
    id: str
    trusted: bool
    distrust: str = ""
    checked_at: datetime
    stale: bool = False
    is_unified_database: bool | None = None
    lifecycle_status: str | None = None

    def same_environment(self, other: "Linked") -> bool:
        """Tell whether both name the same environment; a difference means relinked."""
        return (self.url, self.tenant_id, self.id) == (other.url, other.tenant_id, other.id)


class NotLinked(msgspec.Struct, frozen=True, kw_only=True, tag_field="state", tag="not_linked"):
    """Dataverse says definitively that the organization is not linked.

    Args:
        code: Dataverse's error code, 0x80048d0b.
        message: Dataverse's own words: the wording varies and may be localised.
        checked_at: When Dataverse gave this answer.
        last: The environment that it was linked to before, as far as the fleet knows.
        familiar: Whether the words speak of the integration. The code is generic: where they do not, the cause may be
            another plug-in inside the call.
    """

    code: str
    message: str
    checked_at: datetime
    last: Linked | None = None
    familiar: bool = True


type Link = Linked | NotLinked


def remembering(link: Link, before: Link | None) -> Link:
    """Write on a NotLinked answer which environment was linked before; other answers stay as they are."""
    if not isinstance(link, NotLinked) or before is None:
        return link
    return msgspec.structs.replace(link, last=before if isinstance(before, Linked) else before.last)
