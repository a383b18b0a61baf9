"""Build the documents as a site: docs/, and the pages beside it, by Zensical.

    uv run python scripts/site.py                    build it in build/docs/site; a dead link ends it with 1
    uv run python scripts/site.py --serve            the same, then serve it on loopback
    uv run python scripts/site.py --folder FOLDER    elsewhere

The pages are written for GitHub as well. Here their lists are laid out as Python-Markdown wants them, a link to a page
outside docs/ leads to that page, one to another file of the repository to a copy of it, and one to a folder is left
out. Nothing is loaded from elsewhere: no fonts, no scripts. Zensical warns of a dead page or anchor, which ends the
build; dead files, and what the built pages load, are looked for here.
"""

import argparse
import functools
import http.server
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
CONFIGURATION = ROOT / "zensical.toml"
BESIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "reporting.md",
    "emulation/README.md": "emulation.md",
}
AS_IT_IS = {".png", ".svg", ".json", ".txt"}
LINK = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"^\s*```")
ITEM = re.compile(r"^( *)([-*]|\d+\.)( +)(?=\S)")
PORT = 8000


def pages() -> dict[str, str]:
    """Give where each page of the repository stands on the site."""
    found = {path.relative_to(ROOT).as_posix(): path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    samples = {
        path.relative_to(ROOT).as_posix(): f"samples/{path.parent.name}.md"
        for path in (ROOT / "samples").glob("*/README.md")
    }
    return found | samples | BESIDE


def written() -> dict[str, str]:
    """Give what is written; README's own words are not, a link to it leads to docs/index.md."""
    return {source: page for source, page in pages().items() if source != "README.md"}


class Stage:
    """Lays the pages out in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pages = pages()
        self.dead: list[str] = []

    def fill(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        for path in DOCS.rglob("*"):
            if path.is_file() and path.suffix != ".md":
                self._copy(path, path.relative_to(DOCS).as_posix())
        for source, page in written().items():
            target = self.folder / page
            target.parent.mkdir(parents=True, exist_ok=True)
            text = (ROOT / source).read_text(encoding="utf-8")
            target.write_text(relaid(self._linked(text, source, page)), encoding="utf-8")

    def _linked(self, text: str, source: str, page: str) -> str:
        grouped = [
            (code, "".join(part for _, part in group)) for code, group in itertools.groupby(parts(text), _is_code)
        ]
        return "".join(
            part if code else LINK.sub(lambda found: self._link(found[1], found[2], source, page), part)
            for code, part in grouped
        )

    def _link(self, words: str, target: str, source: str, page: str) -> str:
        if urlsplit(target).scheme or target.startswith("#"):
            return f"[{words}]({target})"
        path, _, anchor = target.partition("#")
        there = Path(os.path.normpath(ROOT / Path(source).parent / path))
        name = there.relative_to(ROOT).as_posix()
        if name in self.pages:
            to = self.pages[name]
        elif there.is_dir():
            return words
        elif there.is_file():
            to = there.relative_to(DOCS).as_posix() if there.is_relative_to(DOCS) else self._file(there, name)
        else:
            self.dead.append(f"{source}: {target}")
            return words
        relative = os.path.relpath(to, Path(page).parent).replace(os.sep, "/")
        return f"[{words}]({relative}{'#' + anchor if anchor else ''})"

    def _file(self, path: Path, name: str) -> str:
        to = f"files/{name}" if path.suffix in AS_IT_IS else f"files/{name}.txt"
        self._copy(path, to)
        return to

    def _copy(self, path: Path, to: str) -> None:
        target = self.folder / to
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def parts(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the lines of a page, and whether each is code."""
    code = False
    for line in text.splitlines(keepends=True):
        if FENCE.match(line):
            yield True, line
            code = not code
        else:
            yield code, line


def _is_code(part: tuple[bool, str]) -> bool:
    return part[0]


def relaid(text: str) -> str:
    """Lay out lists as Python-Markdown wants them: four columns a level, and an empty line before the first item."""
    lines: list[str] = []
    levels: list[int] = []  # where the text of each open item begins
    loose = False  # an item of more than one paragraph: the next one wants an empty line, too
    for code, line in parts(text):
        indent = len(line) - len(line.lstrip(" "))
        if not line.strip():
            lines.append(line)
            loose = loose or bool(levels)
            continue
        item = None if code and not FENCE.match(line) else ITEM.match(line)
        if not code or FENCE.match(line):
            while levels and indent < levels[-1]:
                levels.pop()
        before = lines[-1] if lines and lines[-1].strip() else ""
        first = not before.startswith((" ", "#")) and not ITEM.match(before)
        if item and before and not levels and (first or loose):
            lines.append("\n")
        loose = loose and bool(levels or item)
        here = " " * 4 * len(levels)
        begun = levels[-1] if levels else 0
        if item:
            levels.append(item.end())
            marker = item[2].ljust(3)
            lines.append(f"{here}{marker} {line[item.end() :]}")
        else:
            lines.append(here + line[min(begun, indent) :])
    return "".join(lines)


class Page(HTMLParser):
    """What a built page links to, loads, and has as anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in {"script", "img", "source", "iframe"} and given.get("src"):
            self.loads.append(given["src"])
        elif tag == "link" and given.get("rel") not in {"canonical", "prev", "next"}:
            self.loads.append(given.get("href", ""))


def faults(site: Path) -> Iterator[str]:
    """Yield what is dead in the built pages, and what they would load from elsewhere."""
    built = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in built.items():
        where = path.relative_to(site).as_posix()
        yield from (f"{where}: loads {each}" for each in page.loads if urlsplit(each).netloc)
        if where == "404.html":  # its links begin at the root of a server
            continue
        for target in (*page.links, *page.loads):
            parsed = urlsplit(target)
            if parsed.scheme or parsed.netloc:
                continue
            there = Path(os.path.normpath(path.parent / unquote(parsed.path))) if parsed.path else path
            there = there / "index.html" if there.is_dir() else there
            if not there.is_file():
                yield f"{where}: {target} is not there"
            elif parsed.fragment and there in built and unquote(parsed.fragment) not in built[there].anchors:
                yield f"{where}: {target} has no such anchor"


def build(folder: Path) -> list[str]:
    """Build the site in a folder, `pages` and `site` in it; return what is wrong with it."""
    shutil.rmtree(folder, ignore_errors=True)
    stage = Stage(folder / "pages")
    stage.fill()
    shutil.copyfile(CONFIGURATION, folder / CONFIGURATION.name)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    env = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=env)
    found = list(stage.dead)
    if done.returncode:
        found.append(re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr).partition("Traceback")[0])
    return [*found, *faults(folder / "site")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "build" / "docs", help="where; what is there is deleted first"
    )
    parser.add_argument("--serve", action="store_true", help=f"then serve the pages at 127.0.0.1:{PORT}")
    options = parser.parse_args()
    folder: Path = options.folder.resolve()
    if found := build(folder):
        sys.exit("\n".join(found))
    print(f"the site is in {folder / 'site'}")
    if options.serve:
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder / "site"))
        with http.server.ThreadingHTTPServer(("127.0.0.1", PORT), handler) as server:
            print(f"http://127.0.0.1:{PORT}")
            server.serve_forever()


if __name__ == "__main__":
    main()
