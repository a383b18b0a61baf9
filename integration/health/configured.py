"""Who is watched by the configuration, and by what each of them is judged: pure."""

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec

from integration.config.keys.health import Health
from integration.config.keys.model import Organization, Source
from integration.health import judging
from integration.health.check import Answer, Check, Kind
from integration.health.judging import Asked, Judgement
from integration.health.maintenance import MaintenanceCall, PlatformView, silence
from integration.health.probes.drift import NOTHING_DECLARED
from integration.health.standing import WORKER, Standing, Watched
from integration.health.standings import Kept, sort_of
from integration.registration.business_events.wanted import declares
from integration.storage.names import EVENTS, RETRIES

NOT_CONFIGURED = "it is not configured any more"
_OWN_QUEUES = (EVENTS, RETRIES)
"""They are watched as sources are."""


class Configured:
    """Who is watched.

    Args:
        organizations: By name.
        sources: By name.
        targets: The names of the enabled ones.
        settings: What holds for them.
        takes_tokens: Somebody may show a token instead of a key.
    """

    def __init__(
        self,
        organizations: Mapping[str, Organization],
        sources: Mapping[str, Source],
        targets: Collection[str],
        settings: Health,
        *,
        takes_tokens: bool = False,
    ) -> None:
        self._organizations = organizations
        self._sources = sources
        self._targets = targets
        self._settings = settings
        self._takes_tokens = takes_tokens

    def watched(self, check: Check) -> Watched | None:
        """Say whom a check is about; None: nobody who is configured."""
        sort = sort_of(check.kind)
        if sort == "organization" and check.subject not in self._organizations:
            return None
        return WORKER if sort == "app" else Watched(sort, check.subject)

    def judgements(
        self,
        answers: Mapping[Watched, Mapping[Kind, Answer]],
        known: Mapping[Watched, Kept],
        calls: Collection[MaintenanceCall],
        now: datetime,
        views: Mapping[str, PlatformView | None],
    ) -> dict[Watched, Judgement]:
        """Say what each subject is judged by: who was asked, and who is not configured any more.

        Args:
            answers: Of this round.
            known: All rows, as the round has read them.
            calls: Maintenance that was called.
            now: When.
            views: What the platform says now, by organization; of one that is not in it, what it said last holds.
        """
        by_machine: dict[Asked, Answer] = {
            (watched, kind): answer
            for watched, by_kind in answers.items()
            for kind, answer in judging.machines(by_kind).items()
        }
        standings = {watched: kept.standing for watched, kept in known.items()}
        gone: dict[Watched, Mapping[Kind, Answer]] = {
            watched: {} for watched, kept in known.items() if kept.etag and not self.is_configured(watched)
        }
        found: dict[Watched, Judgement] = {}
        silent: set[Asked] = set()
        for watched, by_kind in {**answers, **gone}.items():
            organization = self._organization(watched)
            name = organization.name if organization else ""
            standing = standings.get(watched, Standing())
            view = views.get(name, standings.get(Watched("organization", name), Standing()).platform)
            found[watched] = Judgement(
                watched=watched,
                answers=by_kind,
                now=now,
                thresholds=self._settings.thresholds(name, organization.health if organization else None),
                is_in_maintenance=silence(
                    name,
                    now,
                    windows=self._settings.maintenance,
                    calls=tuple(calls),
                    platform=view,
                )
                is not None,
                platform=view if watched.sort == "organization" else None,
                off=self._off(watched, standing, organization),
                filed=standing.filed_now,
            )
            in_maintenance = found[watched].is_in_maintenance
            silent |= {
                (watched, kind)
                for kind in judging.machines(by_kind)
                if in_maintenance or (kind in standing.states and standing.states[kind].is_muted(now))
            }
        failures = {watched: by.thresholds.failure_threshold for watched, by in found.items()}
        explained = judging.explained(by_machine, standings, silent=silent, failures=failures)
        return {watched: msgspec.structs.replace(by, explained=explained) for watched, by in found.items()}

    def _off(self, watched: Watched, standing: Standing, organization: Organization | None) -> dict[str, str]:
        """Name the machines that nobody asks any more, so that what is open in them comes to an end."""
        if not self.is_configured(watched):
            return dict.fromkeys(standing.states, NOT_CONFIGURED)
        off: dict[str, str] = {}
        if watched == WORKER and not self._takes_tokens:
            off["callers"] = "no [[clients]] are configured"
        if watched.sort == "organization" and not self._settings.finance_operations:
            off["finance_operations"] = "it is switched off in [health]"
        if organization is not None and watched.sort == "organization" and not organization.steps:
            off["sender"] = "no steps are configured"
        if organization is not None and watched.sort == "organization":
            if not self._settings.registration_every:
                off["registration"] = "it is switched off in [health]"
            elif not declares(self._sources, organization.name, finance_operations=self._settings.finance_operations):
                off["registration"] = NOTHING_DECLARED
        return off

    def is_configured(self, watched: Watched) -> bool:
        """Tell whether somebody is still asked about."""
        match watched.sort:
            case "organization":
                return watched.name in self._organizations
            case "target":
                return watched.name in self._targets
            case "source":
                source = self._sources.get(watched.name)
                return watched.name in _OWN_QUEUES or (source is not None and source.enabled)
            case "app":
                return True

    def _organization(self, watched: Watched) -> Organization | None:
        if watched.sort == "organization":
            return self._organizations.get(watched.name)
        source = self._sources.get(watched.name) if watched.sort == "source" else None
        return self._organizations.get(source.organization) if source else None
