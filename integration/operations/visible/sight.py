"""Which organizations are there for who asks; pure."""

from collections.abc import Iterable

import msgspec

from integration.config.keys.model import Configuration
from integration.dead_letters import Job, Place
from integration.errors import InvalidRequest, UnknownDeadLetter, UnknownOrganization


class Sight(msgspec.Struct, frozen=True):
    """Some organizations.

    Args:
        organizations: Their names.
    """

    organizations: frozenset[str]

    def one(self, name: str) -> str:
        """Return the organization that is meant.

        Args:
            name: As it was asked; empty: the only one.

        Raises:
            UnknownOrganization: It is not there: whether it is configured is not told.
            InvalidRequest: It was not said which, and there are several.
        """
        if name in self.organizations:
            return name
        if name:
            msg = f"no organization named {name[:64]!r} is configured"
            raise UnknownOrganization(msg)
        if len(self.organizations) != 1:
            msg = f"say which organization: {', '.join(sorted(self.organizations))}"
            raise InvalidRequest(msg)
        return next(iter(self.organizations))

    def lacks(self, name: str) -> bool:
        """Tell whether an organization was named that is not there: nothing is of it, as of one that nobody has."""
        return bool(name) and name not in self.organizations

    def check(self, ids: Iterable[str]) -> None:
        """Refuse ids of dead letters, or of parked deliveries, of others.

        Raises:
            UnknownDeadLetter: One is.
        """
        for each in ids:
            if Place.of_id(each).organization not in self.organizations:
                msg = f"no dead letter has the id {each[:40]!r}"
                raise UnknownDeadLetter(msg)

    def takes(self, job: Job) -> bool:
        """Tell whether a job is of these alone."""
        if not job.ids:
            return job.filter.organization in self.organizations
        return all(Place.of_id(each).organization in self.organizations for each in job.ids)

    def of(self, configuration: Configuration) -> Configuration:
        """Leave out of a configuration what is of others, and what all have in common."""
        windows = (
            msgspec.structs.replace(window, organizations=tuple(filter(self._has, window.organizations)))
            for window in configuration.health.maintenance
            if not window.organizations or any(map(self._has, window.organizations))
        )
        return msgspec.structs.replace(
            configuration,
            organizations={name: each for name, each in configuration.organizations.items() if self._has(name)},
            sources={name: each for name, each in configuration.sources.items() if self._has(each.organization)},
            routes=(),
            targets={},
            health=msgspec.structs.replace(configuration.health, maintenance=tuple(windows)),
        )

    def _has(self, name: str) -> bool:
        return name in self.organizations
