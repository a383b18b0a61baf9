"""Reads what hosts have logged for what must be in none: URLs' queries, keys, tokens, secrets, payloads."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

# What the host itself writes at its start for who started it: no log record.
READY = '{"ready": '
CANARY = "canary-"
"""How texts begin that a test puts where no record may take anything from: payloads, queries, headers, answers."""
FORBIDDEN = {
    "a URL with a query": re.compile(r"https?://[^\s'\"<>]*\?[^\s'\"<>]"),
    "a key in a query": re.compile(r"\bcode=[\w-]{8,}"),
    "a SAS signature": re.compile(r"\b(?:sig|SharedAccessSignature)[= ]\S", re.IGNORECASE),
    "a shared key": re.compile(r"\b(?:SharedAccessKey|AccountKey)=\S", re.IGNORECASE),
    "a token": re.compile(r"\beyJ[\w-]{8,}\.[\w-]+|\bBearer\s+[\w.-]{12,}", re.IGNORECASE),
    "a client secret": re.compile(r"\bclient_(?:secret|assertion)=", re.IGNORECASE),
    "a private key": re.compile("-----BEGIN [A-Z ]*PRIVATE KEY"),
    "a canary": re.compile(rf"{CANARY}[\w-]+", re.IGNORECASE),
}
USED: set[str] = set()
"""The secrets that this test process has given to somebody."""


def leaks(log: str, secrets: Iterable[str]) -> Iterator[str]:
    """Yield what should not be there: what kind it is, and its line with the secret blotted out.

    Args:
        log: The whole log.
        secrets: Texts that must not be in it.
    """
    texts = {secret for secret in secrets if secret}
    for line in log.splitlines():
        if line.startswith(READY):
            continue
        for kind, pattern in FORBIDDEN.items():
            if pattern.search(line):
                yield f"{kind}: {pattern.sub('…', line)[:300]}"
        for text in texts:
            if text in line:
                yield f"a secret of {len(text)} characters: {line.replace(text, '…')[:300]}"


def leaks_of(folder: Path, secrets: Iterable[str]) -> list[str]:
    """Find them in every file of a folder, one a process.

    Args:
        folder: The folder.
        secrets: Texts that must not be in any.
    """
    given = set(secrets)
    files = sorted(folder.iterdir())
    return [f"{file.name}: {leak}" for file in files for leak in leaks(file.read_text("utf-8", "replace"), given)]
