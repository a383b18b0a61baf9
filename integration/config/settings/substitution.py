"""`%SETTING%` inside a string: the value of an app setting, put in when the configuration is loaded."""

import re

import msgspec

from integration.config.settings.settings import Environ

PARTS = re.compile(r"%%|%([A-Za-z_][A-Za-z0-9_.:-]*)%|%")
WHOLE = re.compile(r"%[A-Za-z_][A-Za-z0-9_.:-]*%")
"""A string that is one setting and nothing else."""
KEY_VAULT = "@Microsoft.KeyVault("
KEY_VAULT_HINT = "give the app's identity the role Key Vault Secrets User; check the reference and the vault's firewall"


class Substituted(msgspec.Struct, frozen=True):
    """A string with its settings put in.

    Args:
        text: The result; a setting that could not be put in stays as written.
        used: Names of the settings that the string names.
        unset: Those of them that are not set.
        unresolved: Those of them whose Key Vault reference has not been resolved.
        stray: Whether there is a lone `%`.
    """

    text: str
    used: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    stray: bool = False


def substitute(text: str, environ: Environ) -> Substituted:
    """Put app settings into a string; `%%` stands for a percent sign."""
    if "%" not in text:
        return Substituted(text)
    used: list[str] = []
    unset: list[str] = []
    unresolved: list[str] = []
    stray = False

    def value_of(found: re.Match[str]) -> str:
        nonlocal stray
        if found[0] == "%%":
            return "%"
        name = found[1]
        if name is None:
            stray = True
            return "%"
        used.append(name)
        value = environ.get(name)
        if value is None:
            unset.append(name)
            return found[0]
        if value.startswith(KEY_VAULT):
            unresolved.append(name)
            return found[0]
        return value

    result = PARTS.sub(value_of, text)
    return Substituted(result, tuple(used), tuple(unset), tuple(unresolved), stray)


def is_unset(text: object, environ: Environ) -> bool:
    """Tell whether a value is one setting and nothing else, and that setting has no value that can be used."""
    if not isinstance(text, str) or not WHOLE.fullmatch(text):
        return False
    done = substitute(text, environ)
    return bool(done.unset or done.unresolved)
