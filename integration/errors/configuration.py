"""What is wrong with the configuration."""

from collections.abc import Sequence

import msgspec

from integration.errors.base import FnoLinkError
from integration.plain_text import plain


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with the configuration.

    Args:
        key: Where, as a dotted path (`routes[2].filters[0].operator`) or the name of an app setting.
        message: What is wrong, with the value seen unless it may be a secret.
        hint: What to do, with the allowed values where there are any.
        file: The file that holds the key, empty for app settings.
    """

    key: str
    message: str
    hint: str = ""
    file: str = ""

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.file else self.key
        return plain(f"{place}: {self.message}" + (f" ({self.hint})" if self.hint else ""))


class ConfigurationError(FnoLinkError):
    """The configuration has problems."""

    hint = "Run `fno-link config check`; it lists every problem with its place and the allowed values."

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))
