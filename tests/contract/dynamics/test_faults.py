"""Every way in which the emulated world goes wrong, as a client sees it."""

import time

import httpx
import msgspec
import pytest

from emulation.dynamics import ControlRefused
from tests.fixtures.dynamics import Playground

LINK = "/api/data/v9.2/RetrieveFinanceAndOperationsIntegrationDetails"
LINK_91 = "/api/data/v9.1/RetrieveFinanceAndOperationsIntegrationDetails"
WHO = "/api/data/v9.2/WhoAmI"


def test_a_host_outside_the_world_is_refused_and_remembered(dynamics: Playground):
    for url in ("https://example.com", "https://unknown.crm.dynamics.com", "https://login.microsoftonline.com:8443"):
        with pytest.raises(httpx.ProxyError, match="502"):
            httpx.get(url)
    assert dynamics.control.refused() == ["example.com", "unknown.crm.dynamics.com"]


def test_plain_http_through_the_proxy_is_refused(dynamics: Playground):
    with httpx.Client(proxy=dynamics.environ["HTTPS_PROXY"], trust_env=False) as client:
        assert client.get("http://example.com/").status_code == 502


def test_a_host_header_of_another_host_is_misdirected(dynamics: Playground):
    organization = dynamics.organization()
    answer = httpx.get(organization.base_url(), headers={"Host": "example.com"})
    assert answer.status_code == 421


@pytest.mark.parametrize(("retry_after", "header"), [(27, "27"), (0, "0"), (None, None)])
def test_throttling_answers_429_with_or_without_retry_after(dynamics: Playground, retry_after, header):
    organization = dynamics.organization()
    dynamics.control.throttle(organization.name, retry_after)
    with dynamics.client(organization.base_url()) as client:
        answer = client.get(LINK)
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "0x80072321"
    assert answer.headers.get("Retry-After") == header
    assert not [name for name in answer.headers if name.startswith("x-ms-ratelimit")]


def test_a_fault_of_the_next_two_calls_ends_after_them(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.throttle(organization.name, times=2)
    with dynamics.client(organization.base_url()) as client:
        assert [client.get(LINK).status_code for _ in range(4)] == [429, 429, 200, 200]


def test_faults_are_taken_in_the_order_in_which_they_were_set(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, "unavailable", times=1)
    dynamics.control.throttle(organization.name, times=1)
    dynamics.control.break_(organization.name, "forbidden")
    with dynamics.client(organization.base_url()) as client:
        assert [client.get(LINK).status_code for _ in range(4)] == [503, 429, 403, 403]
        dynamics.control.heal(organization.name)
        assert client.get(LINK).status_code == 200


def test_a_fault_concerns_its_kind_and_organization_only(dynamics: Playground):
    broken, sound = dynamics.organization(), dynamics.organization()
    dynamics.control.break_(broken.name, "unavailable", kind="link")
    with dynamics.client(broken.base_url()) as client:
        assert [client.get(path).status_code for path in (LINK, WHO)] == [503, 200]
    with dynamics.client(sound.base_url()) as client:
        assert client.get(LINK).status_code == 200


def test_one_version_of_the_api_can_be_missing(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, "not_found", version="v9.2")
    with dynamics.client(organization.base_url()) as client:
        assert [client.get(path).status_code for path in (LINK, LINK_91)] == [404, 200]
        assert client.get(LINK).json()["error"]["code"] == "0x8006088a"


@pytest.mark.parametrize(
    ("effect", "status", "code"),
    [("unauthorized", 401, None), ("forbidden", 403, "0x80072560"), ("not_found", 404, "0x8006088a")],
)
def test_a_refusal_has_the_words_of_dataverse(dynamics: Playground, effect, status: int, code: str | None):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, effect)
    with dynamics.client(organization.base_url()) as client:
        answer = client.get(LINK)
    assert answer.status_code == status
    assert (answer.json()["error"]["code"] if answer.content else None) == code


def test_a_code_and_message_of_choice_are_answered(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, "unavailable", status=502, code="0x80072322", message="Too many.")
    with dynamics.client(organization.base_url()) as client:
        answer = client.get(LINK)
    assert answer.status_code == 502
    assert answer.json() == {"error": {"code": "0x80072322", "message": "Too many."}}


def test_the_link_can_come_from_nowhere_from_another_tenant_or_from_an_untrusted_host(dynamics: Playground):
    organization = dynamics.organization()
    with dynamics.client(organization.base_url()) as client:
        honest = client.get(LINK).json()
        answers = {}
        for effect in ("empty_url", "other_tenant", "untrusted_host"):
            dynamics.control.heal(organization.name)
            dynamics.control.break_(organization.name, effect)
            answers[effect] = client.get(LINK).json()
            assert client.get(WHO).json()["OrganizationId"] == organization.id()
    assert answers["empty_url"] == honest | {"Url": ""}
    assert answers["other_tenant"]["TenantId"] not in ("", honest["TenantId"])
    assert not answers["untrusted_host"]["Url"].endswith("dynamics.com")


def test_json_can_end_early_in_a_complete_answer(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, "malformed_json")
    with dynamics.client(organization.base_url()) as client:
        answer = client.get(LINK)
    assert answer.status_code == 200
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(answer.content)


def test_any_answer_at_all_can_be_given(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, "answer", status=418, body="[1]", headers={"x-of": "choice"})
    with dynamics.client(organization.base_url()) as client:
        answer = client.get(LINK)
    assert (answer.status_code, answer.json(), answer.headers["x-of"]) == (418, [1], "choice")


def test_an_answer_is_cut_in_the_middle(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, "cut", times=1)
    with dynamics.client(organization.base_url()) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            client.get(LINK)
        assert client.get(LINK).status_code == 200


def test_a_connection_is_reset_before_an_answer(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, "reset", times=1)
    with dynamics.client(organization.base_url()) as client:
        with pytest.raises(httpx.ReadError, match="reset"):
            client.get(LINK)
        assert client.get(LINK).status_code == 200


def test_an_unreachable_organization_refuses_kept_connections_too(dynamics: Playground):
    organization, other = dynamics.organization(), dynamics.organization()
    with dynamics.client(organization.base_url()) as client, dynamics.client(other.base_url()) as sound:
        assert client.get(LINK).status_code == 200
        assert sound.get(LINK).status_code == 200
        dynamics.control.break_(organization.name, "unreachable")
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                client.get(LINK)
        with pytest.raises(httpx.ProxyError, match="502"):
            client.get(LINK)
        assert sound.get(LINK).status_code == 200
        dynamics.control.heal(organization.name)
        assert client.get(LINK).status_code == 200


def test_a_certificate_of_another_authority_is_refused_by_the_client(dynamics: Playground):
    organization = dynamics.organization()
    token = dynamics.token(organization.base_url())
    dynamics.control.break_(organization.name, "wrong_certificate", times=1)
    headers = {"Authorization": f"Bearer {token}"}
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{organization.base_url()}{LINK}", headers=headers)
    assert httpx.get(f"{organization.base_url()}{LINK}", headers=headers).status_code == 200


def test_the_authority_can_be_unreachable_or_show_a_wrong_certificate(dynamics: Playground):
    organization = dynamics.organization()
    document = f"https://login.microsoftonline.com/{dynamics.tenant.id}/v2.0/.well-known/openid-configuration"
    dynamics.control.break_(organization.name, "unreachable", kind="token", times=1)
    with pytest.raises(httpx.ProxyError):
        httpx.get(document)
    dynamics.control.break_(organization.name, "wrong_certificate", kind="token", times=1)
    with pytest.raises(httpx.ConnectError):
        httpx.get(document)
    assert httpx.get(document).status_code == 200


def test_an_organization_that_hangs_answers_nothing(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, "hang")
    with dynamics.client(organization.base_url()) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(LINK, timeout=0.2)
        dynamics.control.heal(organization.name)
        assert client.get(LINK).status_code == 200
    assert dynamics.control.calls(organization.name)["link"] == 2


def test_a_delayed_answer_is_honest_and_takes_at_least_its_time(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.delay(organization.name, 0.2, times=1)
    dynamics.control.throttle(organization.name, 1, times=1, after=0.2)
    with dynamics.client(organization.base_url()) as client:
        for status in (200, 429):
            began = time.monotonic()
            assert client.get(LINK).status_code == status
            assert time.monotonic() - began >= 0.2


def test_a_slow_answer_arrives_in_pieces(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.break_(organization.name, "slow", seconds=0.02)
    with dynamics.client(organization.base_url()) as client, client.stream("GET", LINK) as answer:
        pieces = list(answer.iter_raw())
    assert len(pieces) > 1
    assert msgspec.json.decode(b"".join(pieces))["TenantId"] == dynamics.tenant.id


def test_the_control_api_refuses_what_it_does_not_know(dynamics: Playground):
    with pytest.raises(ControlRefused, match="nobody"):
        dynamics.control.unlink("nobody")
    with pytest.raises(ControlRefused, match="effect"):
        dynamics.control.break_(dynamics.organization().name, "explode")  # pyright: ignore[reportArgumentType]


def test_a_reset_forgets_organizations_faults_and_counts(dynamics: Playground):
    organization = dynamics.organization()
    dynamics.control.reset()
    with pytest.raises(ControlRefused, match=organization.name):
        dynamics.control.calls(organization.name)
