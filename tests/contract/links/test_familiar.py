"""0x80048d0b is a generic code: does Dataverse speak of the integration? Told by library, cache, HTTP and command."""

import json

import msgspec
import pytest

from integration import LinkResolver, NotLinked
from integration.clock import SystemClock
from integration.dataverse import Dataverse
from integration.dataverse.wording import speaks_of_integration
from integration.health.probes.link import judge
from integration.links.shared import decode_record, encode_record
from integration.links.table import TableTier
from integration.links.tenants import Tenants
from integration.operations.links import answer_of
from integration.storage.memory import MemoryStorage
from integration.storage.names import LINKS
from tests.contract.health.worlds import configured, world

KNOWN = [
    "Dataverse instance is not integrated with Finance and Operations.",
    "Dataverse environment is not integrated with Finance and Operations.",
    "Dataverse instance isn't integrated with finance and operations.",
]
OTHERS = [
    "Dataverse Search feature is disabled for this organization.",
    "Parameter 'm365_collaborationrootid' is null, empty, or white-space.",
    "No quantity available for item D0001.",
    "The record could not be integrated with Finance and Operations: the value 'X' in field 'Site' is not valid",
    "",
]
GERMAN = "Die Dataverse-Instanz ist nicht in Finance and Operations integriert."


@pytest.mark.parametrize(
    "message", [*KNOWN, *map(str.upper, KNOWN), *map(str.lower, KNOWN), KNOWN[2].replace("'", "’")]
)
def test_the_known_wordings_speak_of_the_integration_in_any_case(message):
    assert speaks_of_integration(message)


@pytest.mark.parametrize("message", [*OTHERS, GERMAN])
def test_what_other_plug_ins_say_under_the_same_code_does_not(message):
    assert not speaks_of_integration(message)


def test_a_localised_message_is_made_known():
    assert speaks_of_integration(GERMAN.upper(), ["nicht.*integriert"])
    assert not speaks_of_integration(OTHERS[0], ["nicht.*integriert"])


def refuse(dynamics, emulated, message):
    dynamics.control.break_(emulated.name, "refused", kind="link", code="0x80048d0b", message=message)


@pytest.mark.parametrize(("message", "familiar"), [(KNOWN[0], True), (OTHERS[2], False), (GERMAN, True)])
async def test_the_link_says_whether_the_words_are_familiar_and_is_not_linked_either_way(dynamics, message, familiar):
    emulated = dynamics.organization()
    refuse(dynamics, emulated, message)
    async with LinkResolver.for_organization(
        emulated.base_url(),
        tenant="contoso.onmicrosoft.com",
        client_id=dynamics.client_id,
        client_secret=dynamics.client_secret,
        wordings=["nicht.*integriert"],
    ) as links:
        link = await links.resolve(emulated.name)
    assert isinstance(link, NotLinked)
    assert (link.message, link.familiar) == (message, familiar)
    assert msgspec.to_builtins(answer_of(link))["familiar"] is familiar


async def test_a_row_of_an_earlier_version_is_read_and_judged_by_its_message(dynamics):
    emulated = dynamics.organization()
    organization = configured(emulated)
    refuse(dynamics, emulated, OTHERS[2])
    storage = MemoryStorage(SystemClock())
    tier = TableTier(lambda: storage.table(LINKS))
    async with world(dynamics, organization) as opened:

        def resolver():
            return LinkResolver(
                [organization],
                Dataverse(opened.http, opened.tokens),
                Tenants(opened.http, opened.clock),
                shared=tier,
            )

        async with resolver() as links:
            assert not (await links.resolve(organization.name)).familiar
        stored = await tier.read(organization)
        earlier = json.loads(encode_record(stored.record))
        assert earlier["link"].pop("familiar") is False
        record = decode_record(json.dumps(earlier))
        assert record is not None
        assert await tier.write(organization, record, stored.etag) is not None
        async with resolver() as links:
            assert not (await links.resolve(organization.name)).familiar
    assert dynamics.control.calls(emulated.name)["link"] == 1


async def test_an_unfamiliar_answer_is_quoted_and_its_hint_names_another_plug_in(dynamics):
    emulated = dynamics.organization()
    organization = configured(emulated)
    refuse(dynamics, emulated, OTHERS[2])
    async with world(dynamics, organization) as opened:
        answer = (await opened.probe.ask(organization))["link"]
    assert (answer.health, answer.code, answer.facts["familiar"]) == ("bad", "0x80048d0b", "no")
    assert f'"{OTHERS[2]}"' in answer.message
    assert "another plug-in" in answer.hint
    known = NotLinked(code="0x80048d0b", message=KNOWN[0], checked_at=opened.clock.now())
    assert judge(known).facts == {}
    assert "plug-in" not in judge(known).hint
