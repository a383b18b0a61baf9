"""Whatever an organization has: applying the plan leads to what is declared, once, and touches nothing foreign."""

import random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.config.keys.model import Organization
from integration.registration.applying import apply
from integration.registration.found import Catalogue, Filter, Found, FoundEndpoint, FoundImage, FoundStep
from integration.registration.marker import Mark, hashed, read_mark
from integration.registration.plan import plan
from integration.registration.wanted import Secret, Wanted, WantedEndpoint, WantedImage, WantedStep

OWNER = "fno-link"
CONTOSO = Organization(name="contoso", url="https://contoso.crm.dynamics.com", tenant="contoso.com")
MESSAGES, TABLES = ("Create", "Update"), ("account", "contact")
CATALOGUE = Catalogue(
    messages={name: f"message-{name}" for name in MESSAGES},
    filters={(name, table): Filter(f"filter-{name}-{table}") for name in MESSAGES for table in TABLES},
)
NAMES = {value: key for key, value in CATALOGUE.messages.items()}
PAIRS = {each.id: pair for pair, each in CATALOGUE.filters.items()}


class Rows:
    """Dataverse's rows in memory, as plain dictionaries."""

    def __init__(self, endpoints) -> None:
        self.endpoints = endpoints
        self.count = 0

    async def write(self, _organization, method, path, row, _headers):
        table, _, key = path.rstrip(")").partition("(")
        if method == "PATCH":
            self._patch(table, key, dict(row))
            return ""
        self.count += 1
        key = f"00000000-0000-4000-8000-{self.count:012d}"
        read_back = {k: v for k, v in row.items() if "@" not in k and k not in ("name", "description")}
        common = {"id": key, "name": row["name"], "description": row["description"]}
        if table == "serviceendpoints":
            read_back.pop("authvalue", None)
            self.endpoints.append(FoundEndpoint(**common, columns={**read_back, "isauthvalueset": True}))
        elif table == "sdkmessageprocessingsteps":
            endpoint = row["eventhandler_serviceendpoint@odata.bind"].partition("(")[2].rstrip(")")
            message, of = PAIRS[row["sdkmessagefilterid@odata.bind"].partition("(")[2].rstrip(")")]
            step = FoundStep(**common, columns={**read_back, "statecode": 0}, message=message, table=of)
            self._change(lambda one: (*one.steps, step) if one.id == endpoint else one.steps)
        else:
            of = row["sdkmessageprocessingstepid@odata.bind"].partition("(")[2].rstrip(")")
            image = FoundImage(**common, columns=read_back, alias=row["entityalias"])
            self._steps(lambda s: msgspec.structs.replace(s, images=(*s.images, image)) if s.id == of else s)
        return f"https://contoso.crm.dynamics.com/api/data/v9.2/{table}({key})"

    def _patch(self, table, key, row):
        description = {"description": row.pop("description")} if "description" in row else {}
        row.pop("authvalue", None)
        row.pop("statuscode", None)

        def changed(one):
            return msgspec.structs.replace(one, columns={**one.columns, **row}, **description) if one.id == key else one

        if table == "serviceendpoints":
            self.endpoints = [changed(one) for one in self.endpoints]
        elif table == "sdkmessageprocessingsteps":
            self._steps(changed)
        else:
            self._steps(lambda s: msgspec.structs.replace(s, images=tuple(map(changed, s.images))))

    def _steps(self, change):
        self._change(lambda one: tuple(map(change, one.steps)))

    def _change(self, steps):
        self.endpoints = [msgspec.structs.replace(one, steps=steps(one)) for one in self.endpoints]

    def foreign(self):
        rows = [(one, None, None) for one in self.endpoints]
        rows += [(s, one.id, None) for one in self.endpoints for s in one.steps]
        rows += [(i, one.id, s.id) for one in self.endpoints for s in one.steps for i in s.images]
        plain = [
            (row.id, row.name, row.description, dict(row.columns), *where)
            for row, *where in rows
            if not row.is_of(OWNER)
        ]
        return sorted(plain, key=repr)


def image(alias):
    return WantedImage(alias=alias, columns={"imagetype": 0, "messagepropertyname": "Target", "attributes": "name"})


@st.composite
def steps(draw, source):
    pairs = draw(st.lists(st.tuples(st.sampled_from(MESSAGES), st.sampled_from(TABLES)), unique=True, max_size=4))
    return tuple(
        WantedStep(
            name=f"{OWNER}: {source}: {message} of {table}",
            place="",
            message=message,
            table=table,
            columns={
                "stage": 40,
                "mode": draw(st.sampled_from([0, 1])),
                "rank": draw(st.integers(1, 3)),
                "filteringattributes": draw(st.sampled_from([None, "name", "creditlimit,name"])),
                "statecode": draw(st.sampled_from([0, 1])),
            },
            images=tuple(image(alias) for alias in draw(st.lists(st.sampled_from("ab"), unique=True, max_size=2))),
        )
        for message, table in pairs
    )


@st.composite
def declarations(draw):
    sources = draw(st.lists(st.sampled_from(["crm", "erp"]), unique=True, max_size=2))
    return Wanted(
        owner=OWNER,
        endpoints=tuple(
            WantedEndpoint(
                name=f"{OWNER}: {source}",
                source=source,
                columns={"contract": 8, "authtype": draw(st.sampled_from([4, 5])), "url": f"https://app/{source}"},
                secret=Secret("authvalue", draw(st.sampled_from(["one", "two"])), "isauthvalueset"),
                steps=draw(steps(source)),
            )
            for source in sources
        ),
    )


THEIRS = FoundEndpoint(
    id="theirs",
    name="somebody's",
    columns={"contract": 8},
    steps=(FoundStep(id="their-step", name="s", message="Create", table="account", columns={"stage": 40}),),
)
BY_HAND = FoundStep(
    id="by-hand", name="by hand", message="Update", table="account", columns={"stage": 40, "statecode": 0}
)


async def applied(rows, wanted, seed=1):
    found = Found(endpoints=tuple(rows.endpoints), catalogue=CATALOGUE)
    made = plan(wanted, found)
    assert made.refusals == ()
    return await apply(rows, CONTOSO, made, found, owner=OWNER, rng=random.Random(seed))


@pytest.mark.asyncio
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(declarations(), declarations(), st.booleans())
async def test_applying_leads_to_what_is_declared_once_and_leaves_what_is_foreign(before, after, by_hand):
    rows = Rows([THEIRS])
    await applied(rows, before)
    if by_hand:
        rows.endpoints = [
            msgspec.structs.replace(one, steps=(*one.steps, BY_HAND)) if number == 1 else one
            for number, one in enumerate(rows.endpoints)
        ]
    foreign = rows.foreign()
    await applied(rows, after)
    ended = plan(after, Found(endpoints=tuple(rows.endpoints), catalogue=CATALOGUE))
    assert ended.writes == ()
    declared = {(one.name, step.identity) for one in after.endpoints for step in one.steps}
    assert declared <= {(one.name, step.identity) for one in rows.endpoints for step in one.steps}
    assert rows.foreign() == foreign
    written = rows.count
    assert (await applied(rows, after, seed=2)).done == ()
    assert rows.count == written


def test_a_mark_is_read_back_and_knows_its_secret_alone():
    salted = Mark(owner="fno-link", salt="ab" * 16, hash="")
    mark = msgspec.structs.replace(salted, hash=hashed("key", salted.salt))
    text = mark.described("t" * 500, 256)
    assert len(text) <= 256
    assert read_mark(text) == mark
    assert mark.is_of("key")
    assert not mark.is_of("other")
    assert read_mark("by hand") is None
    assert read_mark(text.replace("v=1", "v=2")) is None
