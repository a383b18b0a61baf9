"""Every step of the doctor, in the order in which they are walked; `docs/reference/doctor.md` is made of this."""

from fnmatch import fnmatchcase

from integration.cli.doctor import beyond, business_events, environment_user, look, ours
from integration.cli.doctor.app.steps import STEPS as APP_STEPS
from integration.cli.doctor.package.steps import STEPS as PACKAGE_STEPS
from integration.cli.doctor.step import (
    APP_ID,
    APP_SECRET,
    CONFIGURATION,
    LINK,
    ORGANIZATION_ID,
    ORGANIZATION_URL,
    SDK_MESSAGES,
    TENANT,
    TOKEN,
    WHO_AM_I,
    Step,
)

STEPS: tuple[Step, ...] = (
    CONFIGURATION,
    beyond.HOST,
    beyond.AUTHORITY,
    beyond.PLATFORM_HOST,
    beyond.CLOCK,
    ORGANIZATION_URL,
    ORGANIZATION_ID,
    TENANT,
    APP_ID,
    APP_SECRET,
    TOKEN,
    WHO_AM_I,
    beyond.ROLE,
    SDK_MESSAGES,
    LINK,
    beyond.PLATFORM,
    beyond.APPLICATION,
    beyond.VIRTUAL_ENTITIES,
    beyond.DUAL_WRITE,
    beyond.ENVIRONMENT_HOST,
    beyond.ENVIRONMENT_TOKEN,
    beyond.ENVIRONMENT_READ,
    environment_user.USER_OF_THE_APP,
    *business_events.STEPS,
    *look.STEPS,
    *ours.STEPS,
    *PACKAGE_STEPS,
    *APP_STEPS,
)
ORDER = {step.name: position for position, step in enumerate(STEPS)}


def needs_token(step: Step) -> bool:
    """Tell whether a step cannot be done without a token for the organization."""
    return TOKEN.name in step.needs or any(needs_token(STEPS[ORDER[name]]) for name in step.needs)


def chosen(patterns: tuple[str, ...]) -> frozenset[str]:
    """Return the names of the steps that patterns choose; no pattern: of all.

    Args:
        patterns: Names, `*` stands for any text.

    Raises:
        KeyError: A pattern chooses none; it is the argument.
    """
    for pattern in patterns:
        if not any(fnmatchcase(step.name, pattern) for step in STEPS):
            raise KeyError(pattern)
    return frozenset(
        step.name for step in STEPS if not patterns or any(fnmatchcase(step.name, pattern) for pattern in patterns)
    )
