"""What the Azure CLI says, and what is made of it; the program is one that speaks as it does."""

import pytest

from integration.errors import Unauthenticated, UnexpectedAnswer, Unreachable
from integration.identity.azure_cli import AzureCli
from tests.fixtures import azure_cli as az

AUTHORITY = "https://login.microsoftonline.com/72f988bf-0000-4000-8000-000000000001"
SCOPE = "https://contoso.crm.dynamics.com/.default"


def grant(azure_cli, **options):
    return AzureCli(program=str(azure_cli.program), **options).grant(AUTHORITY, SCOPE)


@pytest.mark.parametrize(
    ("said", "code", "words", "todo"),
    [
        (az.NOT_SIGNED_IN, None, "Nobody is signed in", "az login --tenant 72f988bf"),
        (az.MFA, "AADSTS50076", "multifactor authentication is required", "--scope https://contoso.crm"),
        (az.CONDITIONAL_ACCESS, "AADSTS53003", "conditional-access policy", "Exclude it"),
        (az.WITHDRAWN, "AADSTS700082", "has expired", "az login"),
        ("ERROR: AADSTS50020: User account does not exist in tenant", "AADSTS50020", "another tenant", "guest"),
        (az.OTHER, None, "exit code 1", "--device-code"),
        ("", None, "exit code 1", "--device-code"),
    ],
)
def test_a_refusal_says_what_to_do(azure_cli, said, code, words, todo):
    azure_cli.says(said or "\n")
    with pytest.raises(Unauthenticated) as raised:
        grant(azure_cli)
    assert raised.value.remote_code == code
    assert words in str(raised.value)
    assert todo in raised.value.hint


def test_one_that_is_not_there_says_so():
    with pytest.raises(Unauthenticated, match="not installed") as raised:
        AzureCli(program="az-that-nobody-has").grant(AUTHORITY, SCOPE)
    assert "--device-code" in raised.value.hint


@pytest.mark.parametrize(("mode", "words"), [("garbage", "not JSON"), ("no token", "no access token")])
def test_what_is_no_token_is_told(azure_cli, mode, words):
    azure_cli.says(mode)
    with pytest.raises(UnexpectedAnswer, match=words):
        grant(azure_cli)


def test_one_that_hangs_is_ended_when_the_time_is_over(azure_cli):
    azure_cli.says("hang")
    with pytest.raises(Unreachable, match="gave no token within"):
        grant(azure_cli, limit=1.0)


def test_a_file_that_is_no_program_says_so(tmp_path):
    program = tmp_path / "az"
    program.write_bytes(b"\x7fELFnothing")
    program.chmod(0o755)
    with pytest.raises(Unauthenticated, match="could not be started"):
        AzureCli(program=str(program)).grant(AUTHORITY, SCOPE)


@pytest.mark.parametrize("resource", ["--query x", "https://x/ y", "-o", "https://x;rm"])
def test_nothing_is_asked_with_what_is_no_resource(azure_cli, resource):
    with pytest.raises(Unauthenticated, match="cannot be asked"):
        AzureCli(program=str(azure_cli.program)).grant(AUTHORITY, f"{resource}/.default")
    assert azure_cli.asked == []
