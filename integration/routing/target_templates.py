"""The templates in targets, checked at load."""

from collections.abc import Mapping
from typing import Any

import msgspec

from integration.errors import ConfigurationError, Problem
from integration.routing.templates import Landing, Template

LANDINGS: dict[str, Landing] = {"url": "url", "session": "session", "subject": "subject", "path": "url_path"}
"""The keys of targets that are templates, of whatever kind the target is, and where each lands."""


def template_problems(targets: Mapping[str, msgspec.Struct], *, file: str = "") -> tuple[Problem, ...]:
    """Find what is wrong with the templates of all targets.

    Args:
        targets: As configured, by name.
        file: The configuration's file, for problems.
    """
    problems: list[Problem] = []
    for name, target in targets.items():
        for key, landing in LANDINGS.items():
            text: Any = getattr(target, key, None)
            if isinstance(text, str) and text:
                try:
                    Template.compile(text, landing=landing, key=f"targets.{name}.{key}", file=file)
                except ConfigurationError as error:
                    problems += error.problems
    return tuple(problems)
