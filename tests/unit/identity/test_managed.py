"""Where a managed identity is worth asking for."""

import pytest

from integration.identity.managed import ENDPOINTS, OF_AZURE, may_be_managed


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_host_that_names_an_endpoint_has_one(tmp_path, name):
    assert may_be_managed({name: "http://127.0.0.1:1/"}, tmp_path / "none")
    assert not may_be_managed({name: " "}, tmp_path / "none")


@pytest.mark.parametrize(("written", "may"), [(f"{OF_AZURE}\n", True), ("Default string\n", False), ("", False)])
def test_a_virtual_machine_of_azure_is_known_by_its_chassis(tmp_path, written, may):
    chassis = tmp_path / "chassis_asset_tag"
    chassis.write_text(written)
    assert may_be_managed({}, chassis) is may
