"""Who may do what: shared access signatures, checked as Azure checks them.

Source: "Service Bus access control with Shared Access Signatures".
"""

import base64
import hashlib
import hmac
import time
from urllib.parse import parse_qsl, urlsplit

from emulation.service_bus.amqp.addresses import covers, parse_address
from emulation.service_bus.amqp.claims import Claims
from emulation.service_bus.amqp.errors import UNAUTHORIZED, Refused
from emulation.service_bus.config import ALL_RIGHTS, Key, Right

SAS = "SharedAccessSignature "


def path_of(uri: str) -> str:
    """Return an address's path in lower case, without a management node: `sb://host/Orders/` → `orders`."""
    return parse_address(uri).path.lower()


def host_of(uri: str) -> str:
    """Return an address's host in lower case, without its port; empty if it has none."""
    return (urlsplit(uri).hostname or "").lower() if "://" in uri else ""


class Authority:
    """Checks tokens against the keys of a namespace and its entities.

    Args:
        keys: The namespace's keys.
    """

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._keys: dict[tuple[str, str], Key] = {}
        self.add("", keys)

    def add(self, path: str, keys: tuple[Key, ...]) -> None:
        """Know the keys of an entity; the namespace has the empty path."""
        for key in keys:
            self._keys[path.lower(), key.name] = key

    def plain(self, claims: Claims, response: bytes) -> bool:
        """Check SASL PLAIN: a key's name and the key."""
        parts = response.split(b"\x00")
        name, secret = (part.decode(errors="replace") for part in (*parts, b"", b"", b"")[1:3])
        key = self._keys.get(("", name))
        if key is None or not hmac.compare_digest(key.key, secret):
            return False
        claims.add("", rights_of(key.rights), float("inf"))
        return True

    def sas(self, claims: Claims, token: str, audience: str, hostname: str) -> None:
        """Check a shared access signature and add what it proves.

        Args:
            claims: The connection's.
            token: `SharedAccessSignature sr=…&sig=…&se=…&skn=…`.
            audience: The address that the client wants rights on.
            hostname: The host that the connection was opened for.

        Raises:
            Refused: The token is malformed, expired, for another resource, or not signed with the key it names.
        """
        if not token.startswith(SAS):
            raise Refused(UNAUTHORIZED, "MalformedToken: The token is not a shared access signature.")
        raw = dict(part.split("=", 1) for part in token.removeprefix(SAS).split("&") if "=" in part)
        fields = dict(parse_qsl(token.removeprefix(SAS)))
        missing = {"sr", "sig", "se", "skn"} - fields.keys()
        if missing or not fields["se"].isdigit():
            msg = f"MalformedToken: The shared access signature lacks {', '.join(sorted(missing)) or 'an expiry'}."
            raise Refused(UNAUTHORIZED, msg)
        resource = path_of(fields["sr"])
        key = self._find(fields["skn"], resource)
        if key is None or not _signed(key, raw["sr"], fields["se"], fields["sig"]):
            raise Refused(UNAUTHORIZED, "InvalidSignature: The token has an invalid signature.")
        if int(fields["se"]) <= time.time():
            raise Refused(UNAUTHORIZED, "ExpiredToken: The token is expired.")
        host = host_of(fields["sr"])
        wanted = hostname.rpartition(":")[0] or hostname
        if not covers(resource, path_of(audience)) or (host and wanted and host != wanted):
            raise Refused(UNAUTHORIZED, f"InvalidAudience: The token is for {fields['sr']}, not for {audience}.")
        claims.add(path_of(audience), rights_of(key.rights), float(fields["se"]))

    def _find(self, name: str, resource: str) -> Key | None:
        """Return a key by name: the one nearest to the resource, an entity's before the namespace's."""
        parts = resource.split("/") if resource else []
        for size in range(len(parts), -1, -1):
            key = self._keys.get(("/".join(parts[:size]), name))
            if key is not None:
                return key
        return None


def _signed(key: Key, resource: str, expiry: str, signature: str) -> bool:
    digest = hmac.new(key.key.encode(), f"{resource}\n{expiry}".encode(), hashlib.sha256).digest()
    return hmac.compare_digest(base64.b64encode(digest).decode(), signature)


def rights_of(rights: tuple[Right, ...]) -> frozenset[Right]:
    """Return the rights with those that they include."""
    return frozenset(ALL_RIGHTS) if "manage" in rights else frozenset(rights)
