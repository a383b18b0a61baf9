"""Keys are blobs of the host's storage, read at first need in each instance."""

import json
from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient

from emulation.azurite import Azurite
from emulation.functions_host.errors import HostError
from emulation.functions_host.host_json import Queues
from emulation.functions_host.keys import Keys, Level
from emulation.functions_host.settings import Settings
from emulation.functions_host.storage import Storage
from emulation.functions_host.vault import KeysUnreadable, Vault

APP = """
@app.route("open", auth_level=func.AuthLevel.ANONYMOUS)
def open_(req: func.HttpRequest) -> str:
    return "open"

@app.route("one")
def one(req: func.HttpRequest) -> str:
    return "one"

@app.route("two")
def two(req: func.HttpRequest) -> str:
    return "two"
"""


@pytest.fixture
def own_azurite(tmp_path_factory) -> Iterator[Azurite]:
    with Azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running


def test_a_new_instance_cannot_judge_keys_without_storage_and_a_warm_one_can(run, http, own_azurite):
    host = run(APP, env={"AzureWebJobsStorage": own_azurite.connection_string})

    def status(path: str, key: str | None = None) -> int:
        return http.get(f"{host.url}/api/{path}", headers={} if key is None else {"x-functions-key": key}).status_code

    keys = {name: host.function_keys[name]["default"] for name in ("one", "two")}
    assert [status("one", host.key), status("one", keys["one"]), status("one", "wrong")] == [200, 200, 401]
    with BlobServiceClient.from_connection_string(own_azurite.connection_string) as client:
        container = client.get_container_client("azure-webjobs-secrets")
        stored = {name.rpartition("/")[2]: name for name in container.list_blob_names()}
        assert set(stored) == {"host.json", "one.json"}
        read = json.loads(container.download_blob(stored["host.json"]).readall())
    assert (read["masterKey"], read["functionKeys"]) == (host.master_key, {"default": host.key})
    own_azurite.kill()
    assert [status("one", host.key), status("one", keys["one"]), status("open"), status("one")] == [200, 200, 200, 401]
    # The function's own keys were never asked for: they cannot be had now.
    assert status("two", keys["two"]) == 500
    own_azurite.start()
    assert status("two", keys["two"]) == 200


class Blobs:
    """Stands for the host's storage; counts how often it is asked, and has none."""

    def __init__(self) -> None:
        self.asked = 0

    async def blobs(self, _function: str) -> None:
        self.asked += 1
        raise HostError("away")


async def test_strangers_cannot_slam_the_storage():
    blobs, now = Blobs(), [1000.0]
    keys = Keys(["one"], {"default": "right"})
    vault = Vault(keys, blobs, "app", monotonic=lambda: now[0])  # pyright: ignore[reportArgumentType]
    assert not await vault.admit(None, Level.FUNCTION, "one")
    assert not await vault.admit("", Level.FUNCTION, "one")
    assert await vault.admit(None, Level.ANONYMOUS, "one")
    assert blobs.asked == 0
    for level in (Level.FUNCTION, Level.ANONYMOUS):
        with pytest.raises(KeysUnreadable):
            await vault.admit("right", level, "one")
    assert blobs.asked == 2


async def test_a_wrong_key_has_the_keys_read_again_once_a_minute(azurite):
    now, asked = [1000.0], list[str]()
    storage = Storage(Settings({"AzureWebJobsStorage": azurite.spare_account()}), Queues())
    blobs = storage.blobs

    async def counted(function: str):
        asked.append(function)
        return await blobs(function)

    storage.blobs = counted  # pyright: ignore[reportAttributeAccessIssue]
    vault = Vault(Keys(["one"], {"default": "right"}), storage, "app", monotonic=lambda: now[0])
    assert await vault.admit("right", Level.FUNCTION, "one")
    assert len(asked) == 1  # the host's: no other had to be read
    assert not await vault.admit("wrong", Level.FUNCTION, "one")
    assert len(asked) == 4  # the function's; then both again
    assert not await vault.admit("wrong", Level.FUNCTION, "one")
    assert await vault.admit("right", Level.FUNCTION, "one")
    assert len(asked) == 4
    now[0] += 61
    assert not await vault.admit("wrong", Level.FUNCTION, "one")
    assert len(asked) == 6
    await storage.close()
