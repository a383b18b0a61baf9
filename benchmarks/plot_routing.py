"""Draw docs/images/routing-speed.svg, and print the table beside it.

uv run python -m benchmarks routing --json > rows.json
uv run python -m benchmarks.plot_routing rows.json
"""

import math
import re
import sys
from pathlib import Path

import msgspec

from benchmarks.measure import Row

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "routing-speed.svg"
NAME = re.compile(r"routing (?P<shape>.+), (?P<size>[\d,]+) routes")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 420, 70, 40, 190, 50
COLOURS = ("#0b6bcb", "#c2410c", "#15803d", "#7c3aed", "#b91c1c", "#57534e")
LOWEST, HIGHEST = -1, 4  # powers of ten, µs


def series(rows: list[Row]) -> dict[str, list[tuple[int, Row]]]:
    found: dict[str, list[tuple[int, Row]]] = {}
    for row in rows:
        name = NAME.fullmatch(row.name)
        if name:
            found.setdefault(name["shape"], []).append((int(name["size"].replace(",", "")), row))
    return found


def across(size: float) -> float:
    return LEFT + (math.log10(size) - 1) / 3 * (WIDTH - LEFT - RIGHT)


def down(micro: float) -> float:
    part = (math.log10(micro) - LOWEST) / (HIGHEST - LOWEST)
    return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)


def text(x: float, y: float, words: str, anchor: str = "middle", colour: str = "#44403c") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def picture(found: dict[str, list[tuple[int, Row]]]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
    parts = [
        f'{head} font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(LEFT, 22, "Matching one event: µs by number of routes (medians, bars from quartile to quartile)", "start"),
    ]
    for power in range(LOWEST, HIGHEST + 1):
        y = down(10**power)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e7e5e4"/>')
        parts.append(text(LEFT - 8, y + 4, f"{10**power:,.4g} µs", "end"))
    parts += [text(across(10**power), HEIGHT - BOTTOM + 20, f"{10**power:,}") for power in range(1, 5)]
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "routes"))
    ends = sorted((down(points[-1][1].value), shape) for shape, points in found.items())
    places: dict[str, float] = {}
    last = -math.inf
    for y, shape in ends:
        last = max(y, last + 15)
        places[shape] = last
    for (shape, points), colour in zip(found.items(), COLOURS, strict=False):
        line = " ".join(f"{across(size):.1f},{down(row.value):.1f}" for size, row in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for size, row in points:
            low, high = row.value * (1 - row.spread / 2), row.value * (1 + row.spread / 2)
            x = across(size)
            parts.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{down(low):.1f}" y2="{down(high):.1f}" stroke="{colour}"/>'
            )
            parts.append(f'<circle cx="{x:.1f}" cy="{down(row.value):.1f}" r="3" fill="{colour}"/>')
        parts.append(text(WIDTH - RIGHT + 10, places[shape] + 4, shape, "start", colour))
    return "\n".join([*parts, "</svg>\n"])


def table(rows: list[Row]) -> str:
    found = series(rows)
    sizes = [size for size, _ in next(iter(found.values()))]
    lines = ["| µs an event | " + " | ".join(f"{size:,} routes" for size in sizes) + " | last / first |"]
    lines.append("|---|" + "--:|" * (len(sizes) + 1))
    for shape, points in found.items():
        cells = " | ".join(f"{row.value:,.2f} ±{row.spread / 2:.0%}" for _, row in points)
        lines.append(f"| {shape} | {cells} | {points[-1][1].ratio:.2f}x |")
    lines.append("")
    for row in rows:
        if not NAME.fullmatch(row.name):
            ratio = "" if row.ratio is None else f" ({row.ratio:.1f}x {row.against})"
            lines.append(f"- {row.name}: {row.value:.3g} {row.unit}{ratio}")
    return "\n".join(lines)


def main() -> None:
    rows = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=list[Row])
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(picture(series(rows)), "utf-8")
    print(table(rows))


if __name__ == "__main__":
    main()
