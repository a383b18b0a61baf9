"""The process's HTTP client remembers nothing that a counterpart sets."""

from integration.dataverse import open_http_client


async def test_a_cookie_is_not_sent_again(receivers):
    receivers.fail("first", 200, headers={"Set-Cookie": "session=1; Path=/"})
    async with open_http_client() as http:
        answer = await http.post(receivers.url("first"))
        assert "session" in answer.headers["set-cookie"]
        await http.post(receivers.url("second"))
        await http.post(receivers.url("first"))
    for name in ("first", "second"):
        assert [dict(each.headers).get("cookie") for each in receivers.received(name)] in ([None], [None, None])
