"""What a page is told of who asks with a token."""

from integration.callers import Caller
from integration.web.caller import caller_of
from integration.web.callers import moved, named
from integration.web.message import Request, Response


def test_a_client_is_one_caller_whatever_keys_and_tokens_it_sends():
    caller = Caller(client="portal")
    requests = [
        Request(headers={"authorization": "Bearer a.b.c", "x-functions-key": key}, query={"Code": key, "limit": "5"})
        for key in ("one", "two")
    ]
    asked = [named(each, caller) for each in requests]
    assert {caller_of(each) for each in asked} == {"portal"}
    assert [each.query for each in asked] == [{"limit": "5"}, {"limit": "5"}]


def test_of_people_that_one_client_brings_each_is_a_caller():
    people = [Caller(client="cli", person=person) for person in ("t/a", "t/b", "")]
    assert len({caller_of(named(Request(headers={"x-functions-key": "k"}), each)) for each in people}) == 3


def test_a_place_is_named_where_the_caller_reaches_it():
    there = moved(Response(status=202, headers={"Location": "/api/dead-letters/jobs/1"}), "entra")
    assert there.headers["Location"] == "/api/entra/dead-letters/jobs/1"
    assert moved(Response(status=200), "entra").headers == {}
