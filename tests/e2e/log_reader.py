"""Reads a host's whole log for what must be in none: queries of URLs, keys, signatures, tokens, secrets."""

import re
from collections.abc import Iterable, Iterator

# What the host itself writes at its start for who started it: no log record.
READY = '{"ready": '
FORBIDDEN = {
    "a URL with a query": re.compile(r"https?://[^\s'\"<>]*\?[^\s'\"<>]"),
    "a key in a query": re.compile(r"\bcode=[\w-]{8,}"),
    "a SAS signature": re.compile(r"\b(?:sig|SharedAccessSignature)[= ]\S", re.IGNORECASE),
    "a shared key": re.compile(r"\b(?:SharedAccessKey|AccountKey)=\S", re.IGNORECASE),
    "a token": re.compile(r"\beyJ[\w-]{8,}\.[\w-]+|\bBearer\s+[\w.-]{12,}", re.IGNORECASE),
    "a client secret": re.compile(r"\bclient_(?:secret|assertion)=", re.IGNORECASE),
    "a private key": re.compile("-----BEGIN [A-Z ]*PRIVATE KEY"),
}


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
