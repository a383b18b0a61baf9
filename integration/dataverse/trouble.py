"""Why no answer came from a host, out of what the HTTP client raised; pure.

Sources: OpenSSL's X509_V_ERR codes (page "X509_STORE_CTX_get_error"), and what httpx keeps of what it was raised from.
"""

import socket
import ssl
from collections.abc import Iterator
from typing import Literal

import msgspec

type Kind = Literal["name", "expired", "misnamed", "untrusted", "proxy", "silent"]

_EXPIRED, _NOT_YET = 10, 9
_MISNAMED = (62, 64)
_BRIEFLY = socket.EAI_AGAIN


class Trouble(msgspec.Struct, frozen=True):
    """Why a host did not answer.

    Args:
        kind: What went wrong. `name`: it does not resolve; `silent`: nothing more is known.
        why: In words, after the host's name; empty: what was raised says it.
        hint: What to do; empty: nothing that is particular to it.
    """

    kind: Kind
    why: str = ""
    hint: str = ""


_NAME = Trouble(
    "name",
    "has no address: its name does not resolve here",
    "Check the name for a typing error; a private DNS zone or the resolver of this network has to know it.",
)
_BY_CERTIFICATE: dict[Kind, Trouble] = {
    "expired": Trouble(
        "expired",
        "shows a certificate that is not valid at this time",
        "Set this machine's clock; where it is right, a proxy in between or the host itself has to renew it.",
    ),
    "misnamed": Trouble(
        "misnamed",
        "shows the certificate of another host",
        "Look for a proxy, a DNS entry or a hosts file that leads to another machine.",
    ),
    "untrusted": Trouble(
        "untrusted",
        "shows a certificate that is not trusted here",
        "Where a proxy opens TLS, add its root to the file that SSL_CERT_FILE names; else do not go on: somebody reads "
        "along.",
    ),
}


def trouble_of(error: BaseException) -> Trouble:
    """Tell why a host did not answer.

    Args:
        error: What was raised; what it was raised from is looked at too.
    """
    for each in _chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return _BY_CERTIFICATE[_of_certificate(each.verify_code)]
        if isinstance(each, socket.gaierror) and each.errno != _BRIEFLY:
            return _NAME
        if type(each).__name__ == "ProxyError":
            hint = "Look at what HTTPS_PROXY and NO_PROXY say, and whether that proxy lets this host through."
            return Trouble("proxy", f"could not be reached through the proxy ({each})", hint)
    return Trouble("silent")


def _of_certificate(code: int) -> Kind:
    if code in (_EXPIRED, _NOT_YET):
        return "expired"
    return "misnamed" if code in _MISNAMED else "untrusted"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
