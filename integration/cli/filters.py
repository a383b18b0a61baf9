"""The filters of a command: options, and the query that the HTTP API takes of them."""

from collections.abc import Callable, Mapping
from typing import Any

import click

ORGANIZATION = "Of this organization."
LEGAL_ENTITY = "Of this legal entity."
ROUTE = "Of this route."
SINCE = "First accepted at this time or later, ISO 8601 with zone."
UNTIL = "First accepted before this time."


def filter_options[F: Callable[..., Any]](**texts: str) -> Callable[[F], F]:
    """Give a command an option for each filter; what is not given is empty.

    Args:
        **texts: The help of each, by the option's name in Python, in the order in which they are shown.
    """

    def with_options(function: F) -> F:
        for name, text in reversed(texts.items()):
            option = name.replace("_", "-")
            function = click.option(f"--{option}", default="", metavar=option.upper(), help=text)(function)
        return function

    return with_options


def given(filters: Mapping[str, str]) -> dict[str, str]:
    """Return the filters that are given, as the HTTP API calls them: `legal_entity` is `legalEntity` there."""
    return {_camel(name): value for name, value in filters.items() if value}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
