"""A stored run as static pages: offline, without JavaScript but for search, every text escaped.

``index.html`` is the entry; ``claims/ID.html`` and ``claims/ID.json`` hold one claim each, ``families/`` one page per family.
Beside them lie the table of papers, what is not verified, what is proved for all sizes, the dependencies, a summary for printing, Markdown,
BibTeX, a badge.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports import badge, bibliography, counterexamples, evidence, figures, graph, markdown, mathematics, reasons, tables, views, wording
from reports import history as past
from reports.conventions import EVERYWHERE
from reports.files import Directory
from reports.results import Results, readable, upgraded, validate

if TYPE_CHECKING:
    import jinja2

#: With more claims than this the index lists families only, and their pages the claims.
INDEX_CLAIMS = 1000
#: The index shows this many claims that need attention; the families have the others.
INDEX_ALARMS = 100
#: The index draws the dependencies itself up to this size (bytes of SVG).
INDEX_GRAPH = 200_000


def write(
    results: Results,
    directory: str | Path,
    history: Iterable[past.PastRun | Sequence[Any]] | None = None,
    left_out: Sequence[str] = (),
) -> Path:
    """Write the report of ``results`` into ``directory`` and return its index.

    ``history`` holds earlier runs as (run id, start, verdict of each claim); the pages of the claims show them as a strip. ``left_out``
    names those that could not be read.

    :raises ResultsError: when ``results`` does not match the schema or does not add up, or two different runs of the history share an id.
    :raises OSError: when ``directory`` cannot be written, or holds links where directories should be.
    """
    validate(results)
    results = readable(upgraded(results))
    with Directory(directory) as place:
        report = _Report(results, past.before(history, results), place.path, left_out)
        for name, text in report.files():
            place.write(name, text)
    return place.path / "index.html"


def assets() -> Iterator[tuple[str, str]]:
    """(name, content) of what every page needs."""
    folder = resources.files("reports").joinpath("assets")
    style, font = folder.joinpath("style.css"), folder.joinpath("math.woff")
    yield "assets/style.css", _with_font(style.read_text(encoding="utf-8"), font.read_bytes())


def page_alone(template: str, title: str, **values: Any) -> str:
    """A page that belongs to no run, from a template that says what stands in place of the run's."""
    return _environment().get_template(template).render(root="", title=title, **values).replace("\\", "&#92;")


def _with_font(style: str, font: bytes) -> str:
    """The style with the font of formulas within: browsers refuse a font in another file to a page that is opened from a disk."""
    data = base64.b64encode(font).decode()
    return f'@font-face {{ font-family: "Report Math"; src: url("data:font/woff;base64,{data}") format("woff"); }}\n{style}'


class _Report:
    """The files of one report, made one after the other."""

    def __init__(self, results: Results, runs: Sequence[past.PastRun], directory: Path, left_out: Sequence[str]) -> None:
        self.results, self.runs, self.directory, self.left_out = results, runs, directory, left_out
        self.claims: Mapping[str, Mapping[str, Any]] = {claim["id"]: claim for claim in results["claims"]}
        self.families = views.families(results)
        self.family_of = {claim["id"]: family for family in self.families for claim in family.claims}
        self.followers = views.followers(results)
        self.papers = bibliography.in_run(results)
        self.drawing = graph.draw(results["claims"])
        self.notation = views.notation(self.families)

    def files(self) -> Iterator[tuple[str, str]]:
        """(name, content) of everything that is written."""
        yield from assets()
        yield "assets/search.js", resources.files("reports").joinpath("assets", "search.js").read_text(encoding="utf-8")
        yield "assets/words.js", f"const WORDS = {json.dumps({claim['id']: views.words(claim) for claim in self.results['claims']})};\n"
        yield "index.html", self._index()
        for family in self.families:
            yield f"families/{family.slug}.html", self._page("family.html", "../", family.name, family=family)
        for claim in self.results["claims"]:
            yield from self._claim(claim)
        yield (
            "notation.html",
            self._page("notation.html", "", "Notation", families=self.families, notation=self.notation, conventions=EVERYWHERE),
        )
        yield "papers.html", self._page("papers.html", "", "Papers", papers=self.papers)
        yield "not-verified.html", self._not_verified()
        yield "proofs.html", self._page("proofs.html", "", "Proved for all sizes", proofs=views.proofs(self.results))
        yield "graph.html", self._page("graph.html", "", "What rests on what", drawing=self.drawing)
        yield "summary.html", self._page("summary.html", "", "Summary", families=self.families, budget=self._budget)
        yield "summary.md", markdown.summary(self.results)
        yield "sources.bib", bibliography.bibtex(self.results)
        yield "badge.svg", badge.badge(self.results)

    def _beside(self, name: str) -> bool:
        """Whether ``name`` is a file of the run that lies inside the directory of the report, so that a link resolves."""
        inside = not Path(name).is_absolute() and ".." not in Path(name).parts
        try:
            return inside and (self.directory / name).is_file()
        except OSError:  # too long to be the name of a file
            return False

    @functools.cached_property
    def _budget(self) -> views.Budget:
        return views.budget(self.results)

    def _index(self) -> str:
        alarms = [claim for claim in wording.worst_first(self.claims.values()) if claim["verdict"] in wording.ALARMING]
        return self._page(
            "index.html",
            "",
            "",
            families=self.families,
            alarms=alarms[:INDEX_ALARMS],
            more_alarms=max(0, len(alarms) - INDEX_ALARMS),
            listed=len(self.claims) <= INDEX_CLAIMS,
            papers=self.papers,
            drawing=self.drawing,
            drawn=sum(map(len, self.drawing.components)) <= INDEX_GRAPH,
            one_sided=views.one_sided(self.results),
            budget=self._budget,
            checks=sum(family.checks for family in self.families),
            verdicts=wording.tally(self.claims.values()),
            left_open=self._left_open,
            left_out=self.left_out,
        )

    def _not_verified(self) -> str:
        undecided = [claim for claim in wording.worst_first(self.claims.values()) if claim["verdict"] in _UNDECIDED]
        return self._page("not-verified.html", "", "Not verified", papers=self.papers, undecided=undecided, left_open=self._left_open)

    @functools.cached_property
    def _left_open(self) -> views.Open:
        return views.left_open(self.results)

    def _claim(self, claim: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        pictures = {}
        for check in claim["checks"]:
            drawn = []
            for number, figure in enumerate(check["figures"]):
                name = _picture_name(claim["id"], check["name"], number)
                content, problem = figures.drawn(figure)
                drawn.append({**figure, "file": name, "problem": problem})
                if content:
                    yield f"{name}.svg", content
                    yield f"{name}.csv", tables.table(figure)
            pictures[check["name"]] = drawn
        steps = past.of_claim(self.runs, claim, self.results["run"])
        yield (
            f"claims/{claim['id']}.html",
            self._page(
                "claim.html",
                "../",
                mathematics.readable(claim["title"]),
                claim=claim,
                family=self.family_of[claim["id"]],
                pictures=pictures,
                rows=evidence.table(claim, self.results["run"]["level"]),
                steps=steps,
                steps_in_words=past.in_words(steps),
                followers=self.followers.get(claim["id"], []),
            ),
        )
        document = {"schema": self.results["schema"], "run": self.results["run"], "claim": claim}
        yield f"claims/{claim['id']}.json", json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"

    def _page(self, template: str, root: str, title: str, **values: Any) -> str:
        page = _environment().get_template(template)
        text = page.render(
            root=root, title=title, run=self.results["run"], claims=self.claims, results=self.results, beside=self._beside, **values
        )
        return text.replace("\\", "&#92;")  # code and messages only: formulas never hold one


_UNDECIDED = ("vacuous", "error", "inconclusive", "skipped")


def _picture_name(claim: str, check: str, number: int) -> str:
    """Without its ending."""
    stem = hashlib.sha256(check.encode()).hexdigest()[:8]  # the name of a check may hold anything
    return f"figures/{claim}.{stem}.{number}"


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reports"),
        autoescape=True,
        finalize=_bounded,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "math": _markup(mathematics.render_math),
        "words": _markup(_words),
        "meaning": _markup(_meaning),
        "letter": _markup(_letter),
        "number": wording.number,
        "duration": wording.duration,
        "moment": wording.moment,
        "counted": wording.counted,
        "cut": wording.cut,
        "address": bibliography.link,
        "paper_title": bibliography.title,
        "safe_svg": _markup(str),
    }
    environment.globals |= {
        "wording": wording,
        "views": views,
        "evidence": evidence,
        "counterexamples": counterexamples,
        "paper_kinds": bibliography.KINDS,
        "headline": wording.headline,
        "why": reasons.why,
        "tally": wording.tally,
        "worst_first": wording.worst_first,
    }
    return environment


def _markup(function: Any) -> Any:
    """``function``, whose result is HTML already."""
    import markupsafe

    return lambda value: markupsafe.Markup(function(value))


def _bounded(value: Any) -> Any:
    """What a page shows of one value: no text of a run is longer than :data:`reports.wording.LONGEST`."""
    import markupsafe

    return wording.cut(value) if isinstance(value, str) and not isinstance(value, markupsafe.Markup) else value


#: A size such as ``d_1 x m``: short mathematical words with the letter between them.
_SIZE = re.compile(r"(?<![\w\\])((?:[A-Za-z]|\d+)(?:[_^][\w(){}+-]+)?) x (?=(?:[A-Za-z](?![A-Za-z])|\d))")


#: Letters and functions that are spelled out in plain text, where they stand alone.
_SPELLED = re.compile(
    r"(?<![A-Za-z\\])(?<!operatorname\{)(?:(alpha|beta(?! function)|gamma(?! function)|delta|epsilon|zeta|eta|theta|iota"
    r"|kappa|lambda|mu|nu|xi|pi"
    r"|rho|sigma|tau|upsilon"
    r"|phi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega|Cov|Var|log|grad)(?![A-Za-z])|sqrt\(([^()]*)\))"
)


#: Those that the statements write otherwise.
_OTHERWISE = {"grad": "nabla", "epsilon": "varepsilon"}


def _lettered(text: str) -> str:
    """``text`` with letters and functions that are spelled out as commands: theta^* as \\theta^*."""
    if "$" in text:
        return text

    def command(found: re.Match[str]) -> str:
        if found[2] is not None:
            return rf"\sqrt{{{found[2]}}}"
        return rf"\{_OTHERWISE.get(found[1], found[1])} "

    text = text.replace("<=", r"\le ").replace(">=", r"\ge ").replace("!=", r"\ne ")
    return re.sub(r" (?=[_^)])", "", _SPELLED.sub(command, text)) if _SPELLED.search(text) else text


def _grouped(text: str) -> str:
    """``text`` with the parentheses after ^ and _ as braces: x^(1/(k - 2)) as x^{1/(k - 2)}."""
    for start in [found.end() for found in re.finditer(r"[_^](?=\()", text)][::-1]:
        depth = 0
        for end in range(start, len(text)):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            if depth == 0:
                text = f"{text[:start]}{{{text[start + 1 : end]}}}{text[end + 1 :]}"
                break
    return text


def _letter(symbol: str) -> str:
    """A symbol, set as mathematics."""
    return mathematics.render_math(_lettered(symbol))


def _meaning(text: str) -> str:
    """What a symbol means, in words with formulas among them, sizes with a sign for times."""
    from html import escape

    text = _lettered(wording.cut(text))
    if "$" not in text:
        text = _grouped(_SIZE.sub(r"\1 \\times ", text))
    return mathematics.render_math(text) if re.search(r"[\\$_^]", text) else escape(text)


def _words(text: str) -> str:
    """A title or sentence: set as mathematics only where it holds a command or a dollar sign."""
    from html import escape

    text = wording.cut(text)
    return mathematics.render_math(text) if "\\" in text or "$" in text else escape(text)
