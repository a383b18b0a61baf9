"""Groups of sources among which an event is the same: what `duplicates` must not say."""

from collections.abc import Iterator

from integration.config.keys.model import Configuration
from integration.config.keys.sources import group_of
from integration.errors import Problem


def groups_of(configuration: Configuration) -> dict[str, tuple[str, ...]]:
    """Return the groups of sources of each organization, a source without one being its own."""
    groups: dict[str, dict[str, None]] = {name: {} for name in configuration.organizations}
    for source in configuration.sources.values():
        groups[source.organization][group_of(source)] = None
    return {name: tuple(each) for name, each in groups.items()}


def group_problems(configuration: Configuration) -> Iterator[Problem]:
    """Report groups that reach across organizations, or take the name of a source that is not among them."""
    sources = configuration.sources
    for name, members in _members(configuration).items():
        first = sources[members[0]]
        namesake = sources.get(name)
        for member in members:
            place = f"sources.{member}.duplicates"
            if (theirs := sources[member].organization) != first.organization:
                yield Problem(
                    place,
                    f"`{name}` is a group of sources of `{first.organization}`, and this one is of `{theirs}`",
                    "events of two organizations are never the same: a group for each",
                    configuration.file,
                )
            if namesake is not None and group_of(namesake) != name:
                yield Problem(
                    place,
                    f"`{name}` is also a source, and that one is in the group `{namesake.duplicates}`",
                    f'give the group another name, or sources.{name} duplicates = "{name}" too',
                    configuration.file,
                )
            elif namesake is not None and not namesake.duplicates:
                yield Problem(
                    place,
                    f"`{name}` is also a source, which does not say that it is in the group",
                    f'write duplicates = "{name}" in sources.{name} too, or give the group another name',
                    configuration.file,
                )


def group_warnings(configuration: Configuration) -> Iterator[Problem]:
    """Warn of a group that has a single source."""
    for name, members in _members(configuration).items():
        if len(members) == 1:
            yield Problem(
                f"sources.{members[0]}.duplicates",
                f"no other source is in the group `{name}`",
                "a name that is misspelt? a source alone needs no group",
                configuration.file,
            )


def _members(configuration: Configuration) -> dict[str, list[str]]:
    """Return the sources of each group that is named."""
    groups: dict[str, list[str]] = {}
    for name, source in configuration.sources.items():
        if source.duplicates:
            groups.setdefault(source.duplicates, []).append(name)
    return groups
