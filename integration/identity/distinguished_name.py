"""A name of a certificate as .NET's `X509Certificate2.Subject` and `Issuer` write it.

Dataverse hashes that text, so that each space and quote counts ("Set up Power Platform managed identity": the exact
string of the runtime). Its form is CertNameToStr's with CERT_X500_NAME_STR, last part first; when a value is quoted is
told by `X500NameEncoder` of dotnet/runtime ("matches what Windows deems quote-worthy").
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

SURE = {
    "2.5.4.3": "CN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "S",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.17": "PostalCode",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "E",
}
"""What an attribute is called, by its OID: those that published certificates show, EV ones too."""
UNSURE = {
    "2.5.4.4": "SN",
    "2.5.4.12": "T",
    "2.5.4.13": "Description",
    "2.5.4.18": "POBox",
    "2.5.4.20": "Phone",
    "2.5.4.42": "G",
    "2.5.4.43": "I",
    "2.5.4.46": "dnQualifier",
}
"""Those that the table of "CertStrToName function" names and that we have seen in no output."""

_QUOTED = frozenset(',+="\n<>#;')
_SPACES = " \t\n\v\f\r"


def written(name: "x509.Name") -> str:
    """Write a name.

    Args:
        name: Of a certificate, its parts in the order in which they are encoded.
    """
    return ", ".join(" + ".join(_part(part) for part in rdn) for rdn in reversed(name.rdns))


def doubtful(name: "x509.Name") -> tuple[str, ...]:
    """Name the attributes whose name, or whose value's form, we are not sure of."""
    return tuple(part.oid.dotted_string for part in name if _doubtful(part))


def _doubtful(part: "x509.NameAttribute[str | bytes]") -> bool:
    named = part.oid.dotted_string
    return not isinstance(part.value, str) or (
        named not in SURE and not named.startswith(("1.3.6.1.4.1.311.60.2.1.", "2.5.4.15"))
    )


def _part(part: "x509.NameAttribute[str | bytes]") -> str:
    oid = part.oid.dotted_string
    value = part.value if isinstance(part.value, str) else f"#{part.value.hex().upper()}"
    return f"{SURE.get(oid) or UNSURE.get(oid) or f'OID.{oid}'}={_quoted(value)}"


def _quoted(value: str) -> str:
    if value and not _QUOTED & set(value) and value[0] not in _SPACES and value[-1] not in _SPACES:
        return value
    return '"' + value.replace('"', '""') + '"'
