"""Server certificates on demand, from a throw-away authority that only this world's clients trust."""

import ssl
from pathlib import Path

import trustme


class Certificates:
    """TLS contexts by server name.

    Args:
        folder: Where the authority's certificate is written for clients (`ca.pem`).
    """

    def __init__(self, folder: Path) -> None:
        self._trusted = trustme.CA(organization_name="fno-link emulation")
        self._foreign = trustme.CA(organization_name="nobody trusts this authority")
        self._contexts: dict[tuple[str, bool], ssl.SSLContext] = {}
        self.ca_file = folder / "ca.pem"
        self._trusted.cert_pem.write_to_path(str(self.ca_file))

    def context(self, host: str, *, foreign: bool = False) -> ssl.SSLContext:
        """Return the server context for a host.

        Args:
            host: The name asked for by SNI.
            foreign: Whether the certificate is of an authority that clients do not trust.
        """
        key = (host, foreign)
        if key not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_alpn_protocols(["http/1.1"])
            authority = self._foreign if foreign else self._trusted
            authority.issue_cert(host).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]  (it also takes pyOpenSSL's)
            self._contexts[key] = context
        return self._contexts[key]
