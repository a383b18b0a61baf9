"""Many blobs are deleted in batches, and whatever a batch does not decide is decided singly."""

from types import SimpleNamespace

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from integration.errors import StorageUnavailable
from integration.storage.blob_batch import MOST, Version, deleted, quoted


class Container:
    """Answers batches as the test says, by the paths of its blobs."""

    def __init__(self, *, refuses: int | None = None, says=lambda path: 202, one_for_all: bool = False) -> None:
        self.refuses, self.says, self.one_for_all = refuses, says, one_for_all
        self.batches: list[list[dict[str, str]]] = []

    async def delete_blobs(self, *blobs, raise_on_any_failure):
        assert raise_on_any_failure is False
        self.batches.append(list(blobs))
        if self.refuses is not None:
            error = HttpResponseError(message="no such thing here")
            error.status_code = self.refuses
            raise error
        statuses = [400] if self.one_for_all else [self.says(each["name"]) for each in blobs]

        async def answers():
            for status in statuses:
                yield SimpleNamespace(status_code=status)

        return answers()


class Singly:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, version: Version) -> bool:
        self.asked.append(version.path)
        return True


def some(count: int) -> list[Version]:
    return [Version(str(number), f'"{number}"') for number in range(count)]


async def test_a_batch_holds_as_many_as_the_account_takes_each_with_its_condition():
    container, singly = Container(), Singly()
    assert await deleted(container, some(2 * MOST + 2), singly) == [True] * (2 * MOST + 2)
    assert [len(batch) for batch in container.batches] == [MOST, MOST, 2]
    assert container.batches[0][7] == {"name": "7", "etag": '"7"'}
    assert singly.asked == []


async def test_what_the_batch_does_not_decide_is_decided_singly():
    # 412: an account with versioning says so of blobs that are as they were.
    container, singly = Container(says=lambda path: {"1": 404, "2": 412, "3": 503}.get(path, 202)), Singly()
    assert await deleted(container, some(5), singly) == [True, False, True, True, True]
    assert sorted(singly.asked) == ["2", "3"]


@pytest.mark.parametrize("container", [Container(refuses=400), Container(refuses=409), Container(one_for_all=True)])
async def test_where_the_account_takes_no_batch_all_are_decided_singly(container):
    singly = Singly()
    assert await deleted(container, some(40), singly) == [True] * 40
    assert len(singly.asked) == 40


async def test_one_alone_needs_no_batch():
    container, singly = Container(), Singly()
    assert await deleted(container, some(1), singly) == [True]
    assert (container.batches, singly.asked) == ([], ["0"])


async def test_an_account_that_does_not_answer_is_not_asked_for_each():
    singly = Singly()

    class Away(Container):
        async def delete_blobs(self, *blobs, raise_on_any_failure):
            raise ServiceRequestError("connection refused")

    with pytest.raises(StorageUnavailable):
        await deleted(Away(), some(40), singly)
    assert singly.asked == []


def test_an_etag_is_written_as_a_condition_has_it():
    assert quoted("0x8D") == '"0x8D"'
    assert quoted('"0x8D"') == '"0x8D"'
