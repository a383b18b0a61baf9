"""What a counterpart says, without the secrets that we had sent to it: an answer is kept, shown and passed on.

A receiver that echoes its request, an error page that quotes the URL, a debug mode that prints all headers: each would
put a key into a dead letter, the journal and the operator's terminal. What was sent is looked for in the forms in which
an echo writes it; beside that, what looks like a credential whoever sent it.
"""

import base64
import binascii
import html
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus, unquote, unquote_plus, urlsplit

MASK = "[redacted]"
SHORTEST = 6
"""Characters; a shorter value is no secret, and its letters stand in any text."""

_TOKEN_LIKE = 16
"""Characters of a path segment from which on it may be a key, as in https://hooks.example.com/services/T0/B0/KEY."""

_PUBLIC = frozenset(
    {
        "accept",
        "accept-encoding",
        "content-length",
        "content-type",
        "date",
        "host",
        "traceparent",
        "tracestate",
        "user-agent",
        "webhook-id",
        "webhook-timestamp",
    }
)
_SIGNED = re.compile(r"(?:v\d+a?|sha\d+)[,=]")
# A JSON Web Token; the values of SAS parameters, of keys in URLs and connection strings; an Authorization header.
_CREDENTIALS = re.compile(
    r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
    r"|(?i:(?<![\w-])(?:sig|code|key|token|password|client_secret|AccountKey|SharedAccessKey|SharedAccessSignature"
    r"|client_assertion)=)[^\s&\"'<>;,]{6,}"
    r"|(?i:\b(?:Bearer|Basic|SharedAccessSignature)\s+)[\w.~+/=%&:-]{12,}"
)


class Redaction:
    """Takes out of a counterpart's text what was sent to it.

    Args:
        secrets: The values, as they were sent; those shorter than SHORTEST are left.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
        # The longest first: a token in its header is one thing.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._sent = re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE) if ordered else None
        self._margin = max(map(len, ordered), default=0)

    @property
    def margin(self) -> int:
        """How many characters more than are kept must be read, so that none is cut in its middle and so missed."""
        return self._margin

    def apply(self, text: str) -> str:
        """Return the text with every secret masked."""
        if self._sent is not None:
            text = self._sent.sub(MASK, text)
        return _CREDENTIALS.sub(_masked, text)


def redact(text: str) -> str:
    """Mask what looks like a credential, where it is not known what was sent."""
    return _CREDENTIALS.sub(_masked, text)


def secrets_of(url: str, headers: Mapping[str, str], public: Iterable[str] = ()) -> list[str]:
    """List what of a request may be secret.

    Args:
        url: As it is configured, before fields of an event are put in: those are no secrets.
        headers: Name, in any case, and value. CloudEvents attributes and standard headers are public.
        public: Further names that are.

    Returns:
        Values of other headers, with and without their scheme; user info, query values and token-like path segments.
    """
    public = _PUBLIC.union(name.lower() for name in public)
    found: list[str] = []
    for name, value in headers.items():
        if name.lower() in public or name.lower().startswith("ce-"):
            continue
        found.append(value)
        scheme, _, credential = value.partition(" ")
        if credential:
            found += [credential, *_basic(scheme, credential)]
        found += [part for each in value.split() for part in _SIGNED.split(each) if part]
    parts = urlsplit(url)
    if "@" in parts.netloc:
        user, _, password = parts.netloc.rpartition("@")[0].partition(":")
        found += [user, password]
    found += [pair.partition("=")[2] for pair in parts.query.split("&")]
    found += [segment for segment in parts.path.split("/") if len(segment) >= _TOKEN_LIKE]
    return [each for each in found if each and "{" not in each]


def _basic(scheme: str, credential: str) -> list[str]:
    if scheme.lower() != "basic":
        return []
    try:
        pair = base64.b64decode(credential, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return []
    return [pair, pair.partition(":")[2]]


def _forms(secret: str) -> set[str]:
    """Return the forms in which an echo may write a value."""
    plain = {secret, unquote(secret), unquote_plus(secret)}
    written = {write(each) for each in plain for write in (quote_plus, html.escape, _in_json, _in_base64)}
    return plain | written | {quote(each, safe=safe) for each in plain for safe in ("", "/")}


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _in_base64(value: str) -> str:
    return base64.b64encode(value.encode("utf-8", "surrogateescape")).decode().rstrip("=")


def _masked(found: re.Match[str]) -> str:
    """Keep the name that says what it was."""
    name = re.match(r"[A-Za-z_]+[=\s]+", found[0])
    return (name[0] if name else "") + MASK
