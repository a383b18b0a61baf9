"""What accounts in use hold stays where the worker looks for it, under names that Azure takes."""

import re

from integration.storage import names

KEPT = {
    "EVENTS": "fno-link-events",
    "RETRIES": "fno-link-retries",
    "PAYLOADS": "fno-link-payloads",
    "DEAD_LETTERS": "fno-link-dead-letters",
    "PARKED": "fno-link-parked",
    "JOBS": "fno-link-jobs",
    "KEPT_PAYLOADS": "fno-link-journal",
    "JOURNAL": "fnolinkjournal",
    "DUE": "fnolinkdue",
    "COUNTS": "fnolinkcounts",
    "HISTORY": "fnolinkhistory",
    "INCIDENTS": "fnolinkincidents",
    "NEWEST": "fnolinknewest",
    "CIRCUITS": "fnolinkcircuits",
    "HEALTH": "fnolinkhealth",
    "LINKS": "fnolinklinks",
    "TRIAL": "fno-link-doctor-",
    "TRIAL_TABLE": "fnolinkdoctor",
    "LEASES": "leases/",
    "DEAD_LETTERS_LEASE": "leases/dead-letters",
    "DUE_LEASE": "leases/due",
    "HEALTH_ROUND_LEASE": "leases/health-round",
}


def test_no_name_changes_while_accounts_hold_data_under_it():
    assert {name: value for name, value in vars(names).items() if name.isupper()} == KEPT


def test_names_are_those_that_azure_takes():
    for name in KEPT.values():
        # Queues and containers: letters, digits and single hyphens; tables: letters and digits.
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name.removesuffix("-")) or name.startswith(names.LEASES)
        assert 3 <= len(f"{name}-poison") <= 63
