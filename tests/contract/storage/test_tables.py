"""The port for tables: one set of assertions for a table of a storage account and for its twin in memory."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from integration.clock import SystemClock
from integration.errors import StorageRefused, StorageUnavailable
from integration.storage import Storage, Where
from integration.storage.memory import MemoryStorage
from integration.storage.tables import Insert, Put, Remove, Replace, Unmet
from tests.contract.storage.accounts import a_name

KEYS = {"PartitionKey": "p", "RowKey": "r"}


@pytest.fixture
async def table(storage):
    return await storage.table(a_name())


def row(key, partition="p", **properties):
    return {"PartitionKey": partition, "RowKey": key, **properties}


async def keys(table, *where, limit=None):
    return [(each.partition, each.key) async for each in table.select(where, limit=limit)]


async def test_a_table_that_is_missing_is_empty(storage):
    name = a_name()
    table = await storage.table(name)
    assert await table.get("p", "r") is None
    assert await table.replace(KEYS, 'W/"1"') is None
    assert await table.remove("p", "r")
    assert await keys(table) == []
    assert (await table.page()).rows == []
    assert await keys(table, Where("PartitionKey", "eq", "p")) == []
    assert [each async for each in storage.tables(name)] == []  # and nothing of this has made it


@pytest.mark.parametrize("write", ["insert", "put", "batch"])
async def test_the_first_write_makes_the_table_and_so_does_one_after_it_was_deleted(storage, write):
    name = a_name()
    table = await storage.table(name)
    if write == "batch":
        assert await table.batch("p", [Insert(KEYS)]) is not None
    else:
        assert await getattr(table, write)(KEYS)
    assert [each async for each in storage.tables(name)] == [name]
    await storage.drop_table(name)
    assert [each async for each in storage.tables(name)] == []
    assert await table.get("p", "r") is None


async def test_what_is_written_is_read_as_it_was(table):
    at = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=timezone(timedelta(hours=2)))
    written = {
        "text": "it's a \U0001f600 / \\ # ? %41",
        "empty": "",
        "small": -(2**31),
        "large": 2**63 - 1,
        "half": 0.5,
        "yes": True,
        "bytes": b"\x00\xff",
        "at": at,
    }
    etag = await table.insert({**KEYS, **written, "nothing": None})
    found = await table.get("p", "r")
    assert (found.partition, found.key, found.etag) == ("p", "r", etag)
    assert found.entity == {**KEYS, **written}
    assert {name: type(value) for name, value in found.entity.items()} == {
        name: type(value) for name, value in {**KEYS, **written}.items()
    }
    assert found.entity["at"].tzinfo == UTC
    [listed] = [each async for each in table.select()]
    assert listed == found


async def test_a_row_is_inserted_once(table):
    assert await table.insert({**KEYS, "n": 1})
    assert await table.insert({**KEYS, "n": 2}) is None
    assert (await table.get("p", "r")).entity["n"] == 1


async def test_a_row_is_replaced_by_who_has_read_it_last(table):
    first = await table.insert({**KEYS, "n": 1, "old": "x"})
    second = await table.replace({**KEYS, "n": 2}, first)
    assert second not in (None, first)
    assert await table.replace({**KEYS, "n": 3}, first) is None
    found = await table.get("p", "r")
    assert (found.entity, found.etag) == ({**KEYS, "n": 2}, second)
    assert await table.remove("p", "r")
    assert await table.replace({**KEYS, "n": 4}, second) is None
    assert await table.get("p", "r") is None


async def test_of_many_that_replace_a_version_at_once_one_does(table):
    etag = await table.insert(KEYS)
    answers = await asyncio.gather(*(table.replace({**KEYS, "n": n}, etag) for n in range(8)))
    assert len([each for each in answers if each is not None]) == 1


async def test_of_many_that_insert_at_once_into_a_table_that_is_missing_one_does(table):
    answers = await asyncio.gather(*(table.insert({**KEYS, "n": n}) for n in range(8)))
    assert len([each for each in answers if each is not None]) == 1


async def test_a_put_writes_whatever_is_in_its_place_and_leaves_nothing_of_it(table):
    first = await table.put({**KEYS, "n": 1, "old": "x"})
    second = await table.put({**KEYS, "n": 2})
    found = await table.get("p", "r")
    assert (found.entity, found.etag) == ({**KEYS, "n": 2}, second)
    assert first != second
    assert await table.replace(KEYS, first) is None


async def test_a_row_is_removed_unless_it_was_written_since(table):
    first = await table.insert(KEYS)
    await table.put({**KEYS, "n": 1})
    assert not await table.remove("p", "r", first)
    assert await table.get("p", "r") is not None
    assert await table.remove("p", "r", (await table.get("p", "r")).etag)
    assert await table.remove("p", "r", first)  # it is gone, whoever did it
    assert await table.remove("p", "r")


TYPED = [
    row("1", n=0, at=datetime(2026, 1, 1, tzinfo=UTC), flag=True, text="it's"),
    row("2", n=1, at=datetime(2026, 1, 2, tzinfo=UTC), flag=False, text="Zoe"),
    row("3", n=2**40, half=1.0, text="zoe"),
    row("4", partition="q", half=1.5, text="\U0001f600", raw=b"\x01"),
    row("5", partition="q", text="\uffee x @y", raw=b"\x02"),
]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ([Where("PartitionKey", "eq", "q")], "45"),
        ([Where("PartitionKey", "le", "p"), Where("RowKey", "le", "2~")], "12"),
        ([Where("text", "eq", "it's")], "1"),
        ([Where("text", "eq", "\uffee x @y")], "5"),
        ([Where("text", "ge", "a")], "1345"),
        ([Where("text", "lt", "a")], "2"),
        ([Where("n", "eq", 0)], "1"),
        ([Where("n", "eq", 1)], "2"),
        ([Where("n", "ge", 1)], "23"),
        ([Where("half", "eq", 1.0)], "3"),
        ([Where("half", "gt", 1.0)], "4"),
        ([Where("flag", "eq", True)], "1"),
        ([Where("flag", "eq", False)], "2"),
        ([Where("at", "ge", datetime(2026, 1, 2, 1, tzinfo=timezone(timedelta(hours=1))))], "2"),
        ([Where("raw", "eq", b"\x02")], "5"),
        ([Where("n", "gt", 0), Where("text", "ne", "zoe")], "2"),
        ([Where("missing", "eq", "x")], ""),
        ([], "12345"),
    ],
)
async def test_rows_are_selected_by_conditions_on_typed_values(table, where, expected):
    for each in TYPED:
        await table.put(each)
    assert "".join(key for _, key in await keys(table, *where)) == expected


async def test_pages_go_on_where_the_one_before_ended(table):
    for number in range(7):
        await table.put(row(f"{number}", partition="p" if number < 3 else "q", odd=number % 2 == 1))
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = await table.page([Where("odd", "eq", True)], limit=2, after=cursor)
        assert len(page.rows) <= 2
        seen += [each.key for each in page.rows]
        cursor, pages = page.following, pages + 1
    assert seen == ["1", "3", "5"]
    assert await keys(table, limit=4) == [("p", "0"), ("p", "1"), ("p", "2"), ("q", "3")]
    assert await keys(table, limit=0) == []


async def test_a_batch_is_done_as_a_whole(table):
    kept = await table.insert(row("kept", n=1))
    gone = await table.insert(row("gone"))
    await table.insert(row("any"))
    done = await table.batch(
        "p",
        [
            Insert(row("new", n=2**40)),
            Replace(row("kept", n=2), kept),
            Put(row("put", n=3)),
            Remove("gone", gone),
            Remove("any"),
        ],
    )
    found = {each.key: each async for each in table.select()}
    assert {key: each.entity["n"] for key, each in found.items()} == {"new": 2**40, "kept": 2, "put": 3}
    assert done == [found["new"].etag, found["kept"].etag, found["put"].etag, "", ""]


@pytest.mark.parametrize(
    "refused",
    [Insert(row("there")), Replace(row("there"), 'W/"nonsense"'), Remove("missing"), Remove("there", 'W/"old"')],
    ids=["insert", "replace", "remove what is missing", "remove another version"],
)
async def test_a_batch_of_which_one_condition_is_not_met_does_nothing(table, refused):
    old = await table.insert(row("there", n=1))
    await table.put(row("there", n=2))
    if (isinstance(refused, Remove) and refused.etag) or isinstance(refused, Replace):
        refused = Replace(row("there"), old) if isinstance(refused, Replace) else Remove("there", old)
    assert await table.batch("p", [Put(row("other")), refused, Put(row("another"))]) == Unmet(1)
    assert await keys(table) == [("p", "there")]
    assert (await table.get("p", "there")).entity["n"] == 2


async def test_a_batch_that_only_replaces_makes_no_table(storage):
    name = a_name()
    table = await storage.table(name)
    assert isinstance(await table.batch("p", [Replace(row("a"), 'W/"1"'), Replace(row("b"), 'W/"1"')]), Unmet)
    assert [each async for each in storage.tables(name)] == []


async def test_of_batches_that_come_at_once_each_is_done_as_a_whole_or_not_at_all(table):
    await table.insert(row("taken"))
    batches = [[Insert(row(f"{n}-{k}")) for k in range(10)] for n in range(12)]
    for n in range(0, 12, 3):
        batches[n][7] = Insert(row("taken"))
    answers = await asyncio.gather(*(table.batch("p", each) for each in batches))
    assert [answer == Unmet(7) for answer in answers] == [n % 3 == 0 for n in range(12)]
    made = {key for _, key in await keys(table)}
    assert made == {"taken", *(f"{n}-{k}" for n in range(12) if n % 3 for k in range(10))}


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_a_batch_above_four_mebibytes_is_refused_and_one_just_below_is_done(table):
    large = {f"p{n}": b"x" * 48_000 for n in range(10)}  # 640 KB as base64
    assert len(await table.batch("p", [Insert(row(f"{n}", **large)) for n in range(6)])) == 6
    with pytest.raises(StorageRefused) as refused:
        await table.batch("p", [Insert(row(f"more{n}", **large)) for n in range(7)])
    assert refused.value.status == 413


NASTY = {
    "text": '"\\\n\x01\u2028 Zoë \U0001f600' * 99,
    "\u017eluva": "",
    "raw": bytes(range(256)) * 9,
    "at": datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    "large": -(2**63),
    "half": -1.7976931348623157e308,
    "yes": False,
}


async def test_what_is_written_in_a_batch_is_read_as_it_was(table):
    entities = [row("k" * 64, **NASTY), row("it's ré%", none=None), row("x" * 512, **{f"n{n}": n for n in range(200)})]
    etags = await table.batch("p", [Insert(entities[0]), Put(entities[1]), Insert(entities[2])])
    for entity, etag in zip(entities, etags, strict=True):
        found = await table.get("p", entity["RowKey"])
        assert (found.entity, found.etag) == ({k: v for k, v in entity.items() if v is not None}, etag)
        assert {name: type(value) for name, value in found.entity.items() if entity[name] is not None} == {
            name: type(value) for name, value in entity.items() if value is not None
        }
    replaced = [Replace({**each, "again": True}, etag) for each, etag in zip(entities, etags, strict=True)]
    assert len(await table.batch("p", replaced)) == 3
    assert (await table.get("p", "it's ré%")).entity["again"] is True
    assert await table.batch("p", [Remove("it's ré%"), Remove("k" * 64)]) == ["", ""]
    assert await keys(table) == [("p", "x" * 512)]


@pytest.mark.parametrize(
    "operations",
    [[], [Put(row(str(n))) for n in range(101)], [Put(row("1")), Remove("1")], [Put(row("1", partition="q"))]],
    ids=["empty", "too long", "one row twice", "another partition"],
)
async def test_what_is_no_batch_is_not_sent(table, operations):
    with pytest.raises(ValueError, match="batch"):
        await table.batch("p", operations)


TOO_MUCH = {
    "text of more than 64 KiB": {"text": "x" * (32 * 1024 + 1)},
    "bytes of more than 64 KiB": {"raw": b"x" * (64 * 1024 + 1)},
}
# Azure refuses these, too; Azurite takes them.
TOO_MUCH_FOR_AZURE = {
    "a row of more than 1 MiB": {f"raw{n}": b"x" * (64 * 1024) for n in range(17)},
    "more than 252 properties": {f"n{n}": n for n in range(253)},
    "a time before 1601": {"at": datetime(1600, 12, 31, tzinfo=UTC)},
}
JUST_ENOUGH = {
    "text of 64 KiB": {"text": "x" * (32 * 1024)},
    "bytes of 64 KiB": {"raw": b"x" * (64 * 1024)},
    "a row of 700 KiB": {f"raw{n}": b"x" * (64 * 1024) for n in range(11)},
    "252 properties": {f"n{n}": n for n in range(252)},
}


@pytest.mark.parametrize("what", TOO_MUCH)
async def test_what_is_too_large_is_refused(table, what):
    await table.insert(row("other"))
    for write in (table.insert, table.put):
        with pytest.raises(StorageRefused) as refused:
            await write({**KEYS, **TOO_MUCH[what]})
        assert refused.value.status in (400, 413)
    assert await keys(table) == [("p", "other")]


@pytest.mark.parametrize("what", TOO_MUCH_FOR_AZURE)
async def test_the_twin_is_not_kinder_than_azure(what):
    table = await MemoryStorage(SystemClock()).table("t")
    with pytest.raises(StorageRefused):
        await table.put({**KEYS, **TOO_MUCH_FOR_AZURE[what]})


@pytest.mark.parametrize("what", JUST_ENOUGH)
async def test_what_just_fits_is_kept(table, what):
    await table.insert({**KEYS, **JUST_ENOUGH[what]})
    assert (await table.get("p", "r")).entity == {**KEYS, **JUST_ENOUGH[what]}


@pytest.mark.parametrize("key", ["a/b", "a\\b", "a#b", "a?b", "a\x1fb", "x" * 513])
async def test_a_key_that_no_table_takes_is_refused(table, key):
    await table.insert(row("other"))
    with pytest.raises(StorageRefused):
        await table.insert(row(key))


async def test_a_property_of_another_kind_is_a_fault_of_ours(table):
    for value in ([1], 2**63, {"a": 1}):
        with pytest.raises(TypeError):
            await table.put({**KEYS, "value": value})


def elsewhere(url):
    return Storage({"AzureWebJobsStorage": f"AccountName=a;AccountKey=a2V5;TableEndpoint={url}/a;"})


OPERATIONS = {
    "get": lambda table: table.get("p", "r"),
    "insert": lambda table: table.insert(KEYS),
    "replace": lambda table: table.replace(KEYS, 'W/"1"'),
    "put": lambda table: table.put(KEYS),
    "remove": lambda table: table.remove("p", "r"),
    "page": lambda table: table.page(),
    "select": keys,
    "batch": lambda table: table.batch("p", [Put(KEYS)]),
}


OUT_OF_REACH = ("nobody listens", "refuses the key", "answers 503")
CASES = [(operation, where) for operation in OPERATIONS for where in OUT_OF_REACH]
# To the others a table that is not there is empty.
CASES += [(operation, "answers 404 whatever is made") for operation in ("insert", "put", "batch")]


# The SDK's own, where it reads an error as XML.
@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")
@pytest.mark.parametrize(("operation", "where"), CASES)
async def test_an_account_that_is_out_of_reach_is_unavailable(operation, where, azurite, liar, unused_tcp_port):
    if where == "refuses the key":
        storage = Storage({"AzureWebJobsStorage": azurite.connection_string.replace("AccountKey=", "AccountKey=AAAA")})
    elif where == "nobody listens":
        storage = elsewhere(f"http://127.0.0.1:{unused_tcp_port}")
    else:
        liar.says(b"{}", 503 if where == "answers 503" else 404)
        storage = elsewhere(liar.url)
    try:
        with pytest.raises(StorageUnavailable):
            await OPERATIONS[operation](await storage.table("whatever", hasty=True))
    finally:
        await storage.close()


@pytest.mark.parametrize("operation", ["insert", "put", "batch"])
async def test_a_table_that_is_being_deleted_is_unavailable(operation, liar):
    """Azure makes none of this name for half a minute; Azurite deletes at once."""
    code = b'{"odata.error":{"code":"TableBeingDeleted","message":{"lang":"en-US","value":"wait"}}}'
    liar.says(code, 409)
    storage = elsewhere(liar.url)
    try:
        with pytest.raises(StorageUnavailable, match="deleted"):
            await OPERATIONS[operation](await storage.table("whatever", hasty=True))
    finally:
        await storage.close()
