"""The walk over dated folders lists the days that are wanted, and asks for no other year or month."""

import pytest

from integration.storage.days import days

PATHS = [
    "x/2024/12/31/a",
    "x/2025/01/01/b",
    "x/2025/01/01/c",
    "x/2025/02/28/d",
    "x/2026/11/30/e",
    "x/2026/12/01/f",
    "x/leases/due",
    "x/2026/ab/01/g",
    "x/2026/1/01/h",
]


class Folders:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def folders(self, prefix):
        self.asked.append(prefix)
        found = {prefix + path.removeprefix(prefix).split("/")[0] + "/" for path in PATHS if path.startswith(prefix)}
        for each in sorted(found):
            yield each


async def walked(**limits):
    blobs = Folders()
    return [day async for day in days(blobs, "x/", **limits)], blobs.asked


async def test_all_of_them_oldest_first():
    found, _ = await walked()
    assert found == ["x/2024/12/31/", "x/2025/01/01/", "x/2025/02/28/", "x/2026/11/30/", "x/2026/12/01/"]


@pytest.mark.parametrize(
    ("limits", "wanted", "asked"),
    [
        ({"since": "2025/02/01"}, ["2025/02/28", "2026/11/30", "2026/12/01"], {"2025", "2025/02", "2026/11"}),
        ({"before": "2025/01/01"}, ["2024/12/31"], {"2024", "2024/12", "2025", "2025/01"}),
        ({"since": "2025/01/01", "before": "2025/01/02"}, ["2025/01/01"], {"2025", "2025/01"}),
    ],
)
async def test_those_within_limits(limits, wanted, asked):
    found, folders = await walked(**limits)
    assert found == [f"x/{day}/" for day in wanted]
    assert {f"x/{each}/" for each in asked} <= set(folders)
    left_out = [each for each in ("x/2024/", "x/2026/") if each.removeprefix("x/").rstrip("/") not in str(wanted)]
    assert not set(left_out) & set(folders) - {f"x/{each}/" for each in asked}
