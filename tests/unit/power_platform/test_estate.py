"""What is read of a tenant's capacity and settings, and what is not believed."""

import json

import pytest

from integration.errors import UnexpectedAnswer
from integration.power_platform.estate import read_capacity, read_only_administrators

TENANT = "11111111-2222-3333-4444-555555555555"
GONE = object()


def database(**fields):
    row = {
        "capacityType": "Database",
        "capacityUnits": "MB",
        "totalCapacity": 20480.0,
        "consumption": {"actual": 3150.9449999999997, "rated": 2379.898},
        "status": "Available",
        "overflowCapacity": [],
    } | fields
    return {name: value for name, value in row.items() if value is not GONE}


def body(*rows, **fields):
    told = {"tenantId": TENANT, "licenseModelType": "StorageDriven", "tenantCapacities": [*rows]}
    return json.dumps(told | fields).encode()


def test_what_is_left_is_what_there_is_without_what_is_used():
    files = database(capacityType="File", totalCapacity=1.0)
    capacity = read_capacity(b"\xef\xbb\xbf" + body(files, database()), TENANT.upper())
    assert capacity.free == pytest.approx(20480.0 - 3150.945)
    assert capacity.available is True
    assert read_capacity(body(database(status="SomethingNew", overflowCapacity=None)), None).available is None


def test_what_covers_files_is_not_free():
    over = [{"capacityType": "Database", "value": 17000}, {"capacityType": "Log", "value": 5}]
    files = database(capacityType="File", status="AvailableByOverflow", overflowCapacity=over)
    assert read_capacity(body(database(), files), TENANT).free == pytest.approx(20480.0 - 3150.945 - 17000)
    own = [{"capacityType": "Database", "value": 17000}]
    assert read_capacity(body(database(overflowCapacity=own)), TENANT).free == pytest.approx(20480.0 - 3150.945)


def test_the_old_model_counts_one_storage():
    legacy = {"capacityUnits": "MB", "totalCapacity": 1000, "totalConsumption": 1500}
    assert read_capacity(body(licenseModelType="Legacy", legacyModelCapacity=legacy), TENANT).free == -500


@pytest.mark.parametrize(
    "answered",
    [
        b"",
        b"<html><body>Sign in</body></html>",
        b"null",
        b"[]",
        b"[" * 100_000,
        body(),
        body(database(capacityType="TrialDatabase")),
        body(database(), database(totalCapacity=1.0)),
        body(database(), tenantId="99999999-0000-4000-8000-000000000009"),
        body(database(totalCapacity=GONE)),
        body(database(totalCapacity="20480")),
        body(database(totalCapacity=True)),
        body(database(totalCapacity=-1)),
        body(database()).replace(b"20480.0", b"1e999"),
        body(database()).replace(b"20480.0", b"NaN"),
        body(database(consumption=None)),
        body(database(consumption={"rated": 1.0})),
        body(database(capacityUnits="Unit")),
        body(database(capacityUnits="\x1b[2J" * 99)),
        body(database(overflowCapacity="much")),
        body(tenantCapacities=None),
        body(licenseModelType="Legacy"),
        body(database(capacityType="File", overflowCapacity=[{"capacityType": "Database", "value": -9}]), database()),
    ],
)
def test_a_capacity_that_cannot_be_told_is_none(answered):
    with pytest.raises(UnexpectedAnswer) as told:
        read_capacity(answered, TENANT)
    assert told.value.status == 200
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 160


def test_settings_say_who_may_create_environments():
    said = b'{"walkMeOptOut": false, "disableEnvironmentCreationByNonAdminUsers": true, "powerPlatform": {}}'
    assert read_only_administrators(said) is True
    assert read_only_administrators(said.replace(b"true", b"false")) is False


@pytest.mark.parametrize(
    "answered",
    [
        b"",
        b"<html>",
        b"{}",
        b"[]",
        *(b'{"disableEnvironmentCreationByNonAdminUsers": %s}' % value for value in (b"null", b'"false"', b"0")),
    ],
)
def test_settings_that_do_not_say_are_no_answer(answered):
    with pytest.raises(UnexpectedAnswer):
        read_only_administrators(answered)
