"""Reading written pages back: parsed strictly, with their links, ids, texts and headings."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

VOID = {"meta", "link", "br", "img", "input"}
ADDRESSES = {"href", "src", "action", "data", "poster", "srcset", "xlink:href"}


class Page(HTMLParser):
    """A page whose tags must balance; ``addresses``, ``ids``, ``headings`` and ``text`` are what it holds."""

    def __init__(self, file: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.file = file
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.images: list[dict[str, str | None]] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.source = file.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        assert not self.open, f"{file}: never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        values = dict(attributes)
        assert len(values) == len(attributes), f"{self.file}: an attribute of <{tag}> comes twice"
        self.attributes |= values.keys()
        self.addresses += [values[name] for name in ADDRESSES & values.keys()]
        if "id" in values:
            self.ids.append(values["id"])
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        if tag == "img":
            self.images.append(values)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"{self.file}: </{tag}> closes {self.open[-3:]} at {self.getpos()}"
        self.open.pop()

    def handle_data(self, data):
        self.text += data


def broken_links(directory: Path) -> list[str]:
    """Every local link of the pages in ``directory`` that leads nowhere, and every remote one to a place not allowed."""
    pages = {file.resolve(): Page(file) for file in directory.rglob("*.html")}
    wrong = []
    for file, page in pages.items():
        for address in page.addresses:
            if address.startswith(("https://arxiv.org/", "https://doi.org/")):
                continue
            name, _, fragment = address.partition("#")
            target = (file.parent / unquote(name)).resolve() if name else file
            found = target.is_file() and target.is_relative_to(directory.resolve())
            if not found or (fragment and fragment not in pages[target].ids):
                wrong.append(f"{file.name}: {address}")
    return wrong
