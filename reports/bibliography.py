"""The papers: those the suite was made for, each with what can be verified of it, and whatever a claim cites."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from importlib import resources
from typing import Any

from reports.results import Results

_ARXIV = re.compile(r"(?:arxiv:\s*)?(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(v\d+)?", re.IGNORECASE)
_DOI = re.compile(r"(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/[^\s\"'<>]+)", re.IGNORECASE)

#: What a paper of each kind offers to a suite like this one.
KINDS = {
    "theorem": "theorems and exact formulas",
    "law": "a quantitative empirical law",
    "experiment": "experiments",
    "application": "an application",
    "survey": "a survey",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """Facts about one paper.

    ``number`` is its place in the list of source papers (``None``: cited beside them); ``arxiv_checked`` whether its number was
    read in a source; ``claims`` are globs over the ids of claims planned for it; ``verified`` and ``not_verified`` say in words what
    can be tested and what cannot, and why.
    """

    number: int | None
    arxiv: str
    arxiv_checked: bool
    title: str
    year: int | None
    authors: tuple[str, ...]
    more_authors: bool
    kind: str
    claims: tuple[str, ...]
    verified: str
    not_verified: str

    @property
    def by(self) -> str:
        """The authors as a line."""
        if not self.authors:
            return ""
        return ", ".join(self.authors) + (" and others" if self.more_authors else "")

    @property
    def url(self) -> str | None:
        """Where the paper is."""
        return link(f"arXiv:{self.arxiv}" if _ARXIV.fullmatch(self.arxiv) else self.arxiv)


@functools.cache
def papers() -> tuple[Paper, ...]:
    """The table that ships with the package, source papers first."""
    entries = json.loads(resources.files("reports").joinpath("papers.json").read_text(encoding="utf-8"))
    return tuple(Paper(**{**entry, "authors": tuple(entry["authors"]), "claims": tuple(entry["claims"])}) for entry in entries)


def key(source: str) -> str:
    """What identifies the paper of a source: the arXiv number without version, the DOI, or the text itself."""
    if found := _ARXIV.fullmatch(source.strip()):
        return found[1]
    if found := _DOI.fullmatch(source.strip()):
        return found[1].lower()
    return " ".join(source.split())


def link(source: str) -> str | None:
    """The address of a source at arxiv.org or doi.org, the only places that reports link to; ``None`` for any other."""
    if found := _ARXIV.fullmatch(source.strip()):
        return f"https://arxiv.org/abs/{found[1]}{found[2] or ''}"
    if found := _DOI.fullmatch(source.strip()):
        return f"https://doi.org/{found[1]}"
    return None


def title(source: str) -> str | None:
    """The title of a source that the table knows."""
    paper = _by_key().get(key(source))
    return paper.title if paper else None


@functools.cache
def _by_key() -> dict[str, Paper]:
    return {paper.arxiv: paper for paper in papers()}


@dataclass(frozen=True, slots=True)
class PaperInRun:
    """A paper, the claims of a run that cite it, and those that cite others but test statements planned for it too."""

    paper: Paper
    claims: tuple[Mapping[str, Any], ...]
    related: tuple[Mapping[str, Any], ...]

    @property
    def why_not(self) -> str:
        """Why nothing is verified, where that is so."""
        if self.paper.not_verified and not self.paper.verified:
            return self.paper.not_verified
        if self.related:
            return "No claim of this run cites it; related statements are tested under other papers."
        return "No claim about it was in this run."


def in_run(results: Results) -> list[PaperInRun]:
    """Every paper of the table, in its order, then every other source that a claim cites."""
    cited: dict[str, list[Mapping[str, Any]]] = {}
    for claim in results["claims"]:
        cited.setdefault(key(claim["source"]["paper"]), []).append(claim)
    known = {paper.arxiv for paper in papers()}
    others = [_unknown(source) for source in sorted(cited.keys() - known)]
    return [_placed(paper, cited, results["claims"]) for paper in (*papers(), *others)]


def _placed(paper: Paper, cited: Mapping[str, list[Any]], claims: Sequence[Mapping[str, Any]]) -> PaperInRun:
    own = cited.get(paper.arxiv, [])
    ids = {claim["id"] for claim in own}
    planned = re.compile("|".join(map(translate, paper.claims)) or r"(?!)")
    related = [claim for claim in claims if claim["id"] not in ids and planned.match(claim["id"])]
    return PaperInRun(paper, tuple(own), tuple(related))


def _unknown(source: str) -> Paper:
    return Paper(None, source, True, source or "No source given", None, (), False, "theorem", (), "What its claims say.", "")


def bibtex(results: Results) -> str:
    """A BibTeX file of the sources that the claims of a run cite."""
    entries = [_entry(row.paper) for row in in_run(results) if row.claims]
    return "\n\n".join(entries) + "\n" if entries else "% The run cites no source.\n"


def _entry(paper: Paper) -> str:
    fields: dict[str, str] = {"title": f"{{{_tex(paper.title)}}}"}
    if paper.authors:
        names = [*paper.authors, *(["others"] if paper.more_authors else [])]
        fields["author"] = f"{{{_tex(' and '.join(names))}}}"
    if paper.year:
        fields["year"] = f"{{{paper.year}}}"
    if _ARXIV.fullmatch(paper.arxiv):
        fields |= {"eprint": f"{{{paper.arxiv}}}", "archivePrefix": "{arXiv}"}
    if paper.url:
        fields["url"] = f"{{{paper.url}}}"
    lines = ",\n".join(f"  {name} = {value}" for name, value in fields.items())
    return f"@misc{{{_citation_key(paper)},\n{lines}\n}}"


def _citation_key(paper: Paper) -> str:
    if _ARXIV.fullmatch(paper.arxiv):
        return "arxiv_" + re.sub(r"\W", "_", paper.arxiv)
    return re.sub(r"\W+", "_", paper.arxiv).strip("_") or "source"


def _tex(text: str) -> str:
    """``text`` inside braces of BibTeX: its special characters escaped, its braces dropped, backslashes as slashes."""
    plain = text.replace("\\", "/").replace("{", "").replace("}", "")
    return re.sub(r"([&%$#_])", r"\\\1", plain).replace("~", r"\textasciitilde{}").replace("^", r"\textasciicircum{}")
