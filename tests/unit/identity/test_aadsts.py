"""Every code of Entra that the emulated one sends is explained, but those that only a broken client is sent."""

import re
from pathlib import Path

from integration.identity.aadsts import MEANINGS

EMULATED = Path(__file__).parents[3] / "emulation" / "dynamics"
OF_THE_PROTOCOL = {
    "AADSTS50049",  # no such cloud: the instance is one of clouds.py
    "AADSTS1002012",  # a scope without /.default: every scope that is asked for has it
    "AADSTS70003",  # an unsupported grant type: msal names the type
    "AADSTS70016",  # a device code that nobody has answered yet: msal goes on asking
    "AADSTS900144",  # a request without a parameter that it must have: msal makes the requests
}


def sent() -> set[str]:
    """Read which codes the emulated Entra raises; nothing of it is imported here."""
    written = "".join(file.read_text("utf-8") for name in ("entra*.py", "client_a*.py") for file in EMULATED.glob(name))
    by = r"(?:bad_assertion\(\s*|no_federated\(|EntraError\(\d+, \"\w+\", |cls\(\d+, \"\w+\", )(\d{5,7})\b"
    raised = re.findall(by, written)
    return {f"AADSTS{code}" for code in (*raised, *re.findall(r"AADSTS(\d{5,7})", written))}


def test_every_code_is_explained_with_what_to_do():
    found = sent()
    assert {"AADSTS7000215", "AADSTS700211", "AADSTS501051", "AADSTS7000275", "AADSTS700016"} <= found
    assert sorted(found - MEANINGS.keys() - OF_THE_PROTOCOL) == []
    assert sorted(OF_THE_PROTOCOL & MEANINGS.keys()) == []
