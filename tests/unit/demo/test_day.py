"""The day's plug-in messages are changes of rows, each told by an id that is in no other."""

from emulation.demo.changes import OF_SAMPLES
from emulation.demo.day import Day


def changes(**options):
    found = [each for each in Day(seed=3, **options).events(400) if each.change is not None]
    assert {each.change.doing for each in found} == set(OF_SAMPLES.values())
    return found


def test_each_change_has_a_row_and_a_mark_of_its_own():
    found = changes()
    assert len({each.change.key for each in found}) == len(found)
    assert len({each.change.marker for each in found}) == len(found)
    for each in found:
        change = each.change
        assert each.markers == (change.marker,)
        told = change.key == change.marker or change.marker in str(change.given()) or change.doing == "custom_api"
        assert told, change


def test_accounts_are_told_by_the_webhook_and_contacts_by_the_topic():
    assert {(each.way, each.change.table) for each in changes()} == {("crm", "accounts"), ("crm-bus", "contacts")}
    assert {each.way for each in changes(by_bus=False)} == {"crm"}


def test_no_message_of_the_day_is_a_plug_in_message_that_dataverse_did_not_send():
    day = Day(seed=3)
    assert all(each.kind != "plug-in message" or each.change for each in day.events(400))


def test_only_what_must_be_too_large_is():
    for each in changes():
        assert (len(str(each.change.before())) > 256 * 1024) == (each.change.doing == "large")
