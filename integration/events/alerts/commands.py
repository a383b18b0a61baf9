"""What an operator types about an alert: what replays what failed, else what shows the incident."""


def command_of(  # noqa: PLR0913  # what a command is made of
    kind: str,
    *,
    incident: str,
    organization: str = "",
    subject: str = "",
    route: str = "",
    reason: str = "",
    code: str = "",
) -> str:
    """Give the command of an alert.

    Args:
        kind: The machine's.
        incident: Its id.
        organization: The configured name; empty: it is about none.
        subject: About whom.
        route: Of the delivery that failed first, where it is known.
        reason: Of the dead letters, where all that are named have the same one.
        code: Why: of a source's trouble only what is in a poison queue becomes dead letters, once that is mended.
    """
    whose = organization or subject
    match kind:
        case "target":
            command, filters = "dead-letters replay", {"reason": reason or "RetriesExhausted", "route": route}
        case "dead_letters":
            command, filters = "dead-letters replay", {"organization": whose, "reason": reason, "route": route}
        case "parked":
            command, filters = "parked release", {"organization": whose}
        case "source" if code == "PoisonMessages":
            command, filters = "dead-letters replay", {"organization": organization, "reason": "Poison"}
        case "foreign":
            command, filters = "dead-letters list", {"organization": whose, "reason": "ForeignOrganization"}
        case "integration" | "trust" | "credential" | "finance_operations":
            command, filters = f"doctor {whose}", {}
        case _:
            command, filters = f"incidents show {incident}", {}
    return " ".join(["fno-link", command, *(f"--{name} {value}" for name, value in filters.items() if value)])
