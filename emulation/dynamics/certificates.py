"""Server certificates on demand, from a throw-away authority that only this world's clients trust."""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import trustme

from emulation.dynamics.faults import Effect

type Flaw = Literal["wrong", "expired", "misnamed"]
FLAWS: dict[Flaw, Effect] = {
    "wrong": "wrong_certificate",
    "expired": "expired_certificate",
    "misnamed": "misnamed_certificate",
}
"""Of an authority that clients do not trust; no longer valid; of another host."""

_ENDED = datetime(2024, 1, 1, tzinfo=UTC)
_BEGAN = datetime(2023, 1, 1, tzinfo=UTC)
_OTHER_HOST = "elsewhere.example"


class Certificates:
    """TLS contexts by server name.

    Args:
        folder: Where the authority's certificate is written for clients (`ca.pem`).
    """

    def __init__(self, folder: Path) -> None:
        self._trusted = trustme.CA(organization_name="fno-link emulation")
        self._foreign = trustme.CA(organization_name="nobody trusts this authority")
        self._contexts: dict[tuple[str, str], ssl.SSLContext] = {}
        self.ca_file = folder / "ca.pem"
        self._trusted.cert_pem.write_to_path(str(self.ca_file))

    def context(self, host: str, flaw: Flaw | Literal[""] = "") -> ssl.SSLContext:
        """Return the server context for a host.

        Args:
            host: The name asked for by SNI.
            flaw: What is wrong with the certificate; empty: nothing.
        """
        key = (host, flaw)
        if key not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_alpn_protocols(["http/1.1"])
            authority = self._foreign if flaw == "wrong" else self._trusted
            began, ended = (_BEGAN, _ENDED) if flaw == "expired" else (None, None)
            shown = _OTHER_HOST if flaw == "misnamed" else host
            certificate = authority.issue_cert(shown, not_before=began, not_after=ended)
            certificate.configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  (it also takes pyOpenSSL's)
            self._contexts[key] = context
        return self._contexts[key]
