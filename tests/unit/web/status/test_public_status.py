"""What strangers are told where the page is public, and badges."""

import json

from integration.health.standing import Watched
from integration.storage.names import HEALTH
from integration.web.message import Request
from integration.web.status.pages import FRESH_FOR_SECONDS
from tests.unit.web.status.test_status_pages import HTML, World, both_stand


async def test_a_badge_is_drawn_of_one_organization_and_cached_for_a_minute():
    world = World()
    await both_stand(world)
    drawn = await world.pages.badge("fabrikam", Request())
    assert (drawn.status, drawn.headers["Content-Type"]) == (200, "image/svg+xml")
    assert b"fabrikam: not linked" in drawn.body
    assert drawn.headers["Cache-Control"] == "private, max-age=60"
    same = await world.pages.badge("fabrikam", Request(headers={"if-none-match": drawn.headers["ETag"]}))
    assert (same.status, same.body) == (304, b"")
    assert (await world.pages.badge("nobody", Request())).status == 404


async def test_the_public_page_tells_names_and_states_and_nothing_else():
    world = World()
    await both_stand(world)
    told = json.loads((await world.public.show(Request())).body)
    assert told == {
        "at": "2026-01-02T03:04:05Z",
        "level": "fail",
        "organizations": [
            {"name": "fabrikam", "level": "fail", "state": "not_linked"},
            {"name": "contoso", "level": "pass", "state": "linked"},
        ],
    }
    page = await world.public.show(Request(headers=HTML))
    for hidden in (
        b"dynamics.com",
        b"not integrated",
        b"0x80048d0b",
        b"0123456789abcdef",
        b"1 open",
        b"orders",
        b"erp",
    ):
        assert hidden not in page.body
    assert "Content-Security-Policy" in page.headers
    for query in ({"format": "atom"}, {"event": "1"}, {"after": "x"}):
        assert (await world.public.show(Request(query=query))).status == 400


async def test_strangers_have_the_account_read_once_in_a_while():
    world = World()
    await both_stand(world)
    await world.public.show(Request())
    await world.stand(Watched("target", "orders"))
    asked = []
    table = world.storage.table

    async def counted(name, **more):
        asked.append(name)
        return await table(name, **more)

    world.storage.table = counted
    for _ in range(5):
        await world.public.show(Request())
        await world.public.badge("contoso", Request())
    assert asked == []
    await world.clock.sleep(FRESH_FOR_SECONDS + 1)
    drawn = await world.public.badge("contoso", Request())
    assert drawn.headers["Cache-Control"] == "public, max-age=60"
    assert asked == [HEALTH]
    assert (await world.public.badge("nobody", Request())).status == 404
