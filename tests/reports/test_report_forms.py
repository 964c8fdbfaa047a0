"""Markdown, BibTeX, badge and the table of papers."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from synthetic_results import claim, large, results, small

from reports import bibliography
from reports.badge import badge
from reports.compare import compare
from reports.markdown import cell, summary
from reports.wording import duration, headline, moment, number

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("name", "make"),
    [("summary.md", summary), ("sources.bib", bibliography.bibtex), ("badge.svg", badge)],
)
def test_golden_files(name, make):
    assert make(small()) == (GOLDEN / name).read_text(encoding="utf-8")


# --- Markdown -----------------------------------------------------------------------------------------------------


def test_what_is_wrong_comes_first():
    text = summary(small())
    assert text.index("mf.wrong: refuted") < text.index("toy.loose: vacuous") < text.index("| family |") < text.index("| verdict |")
    assert "`proofs-check reproduce results.json mf.wrong strata 17`" in text


@pytest.mark.parametrize("limit", [600, 2_000, 20_000, 60_000])
def test_the_limit_holds(limit):
    for run in (small(), large(4_000)):
        text = summary(run, limit)
        assert len(text.encode()) <= limit
        assert text.startswith("## ")


def test_what_is_left_out_is_said():
    assert re.search(r"further lines left out", summary(large(4_000), 10_000))
    assert "left out" not in summary(small())


def test_an_empty_run_has_a_summary():
    assert "The run holds no claim" in summary(results())


@pytest.mark.parametrize(
    "hostile", ["<b>x</b>", "a | b", "![x](https://example.org/x.png)", "`code`", "line\nbreak", "https://example.org"]
)
def test_hostile_text_has_no_effect_in_a_cell(hostile):
    shown = cell(hostile)
    assert "\n" not in shown
    assert "<" not in shown
    assert not re.search(r"(?<!\\)[|`]", shown)
    assert "https://" not in shown
    assert not re.search(r"(?<!\\)\]\(", shown)


def test_a_comparison_in_markdown():
    good, bad = results(claim()), results(claim(verdict="refuted"))
    text = summary(bad, comparison=compare(good, bad))
    assert "**Against the baseline:** the baseline does not hold" in text
    assert "| **regressed** | mf.function-rank |" in text
    held = summary(good, comparison=compare(good, good))
    assert "the baseline holds" in held
    assert "| change |" not in held


# --- papers -------------------------------------------------------------------------------------------------------


def test_the_table_of_papers_is_complete():
    papers = bibliography.papers()
    assert [paper.number for paper in papers if paper.number] == list(range(1, 52))
    assert len({paper.arxiv for paper in papers}) == len(papers)
    for paper in papers:
        assert paper.title
        assert paper.authors
        assert paper.kind in bibliography.KINDS
        assert paper.not_verified, f"{paper.arxiv} does not say what is left out"
        assert paper.url == f"https://{'doi.org' if paper.arxiv.startswith('10.') else 'arxiv.org/abs'}/{paper.arxiv}"


def test_every_paper_that_a_claim_cites_has_a_title():
    from proofs_check import load_claims

    cited = {claim.source.paper for claim in load_claims().values()}
    assert sorted(source for source in cited if bibliography.link(source) and not bibliography.title(source)) == []


def test_an_application_never_looks_verified():
    rows = {row.paper.arxiv: row for row in bibliography.in_run(small())}
    for paper in bibliography.papers():
        if paper.kind == "application" and not paper.claims:
            assert not rows[paper.arxiv].claims
            assert rows[paper.arxiv].why_not == paper.not_verified


def test_sources_are_matched_without_their_version():
    rows = {row.paper.arxiv: row for row in bibliography.in_run(small())}
    assert len(rows["2211.11623"].claims) == 10
    assert len(rows["2307.08921"].claims) == 1
    assert rows["10.1000/xyz-123"].paper.url == "https://doi.org/10.1000/xyz-123"


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("arXiv:2211.11623v1", "https://arxiv.org/abs/2211.11623v1"),
        ("2211.11623", "https://arxiv.org/abs/2211.11623"),
        ("arXiv:math/0309136", "https://arxiv.org/abs/math/0309136"),
        ("10.1000/abc", "https://doi.org/10.1000/abc"),
        ("https://doi.org/10.1000/abc", "https://doi.org/10.1000/abc"),
        ("https://example.org", None),
        ("javascript:alert(1)", None),
        ('10.1000/x"onclick="y', None),
        ("a private note", None),
    ],
)
def test_links_lead_to_two_places_only(source, address):
    assert bibliography.link(source) == address


def test_bibtex_survives_hostile_sources():
    text = bibliography.bibtex(results(claim(source={"paper": "A } note, {with \\ 100% & @misc{x", "where": ""})))
    assert text.count("{") == text.count("}")
    assert text.count("@misc{") == 1
    assert bibliography.bibtex(results()).startswith("%")


# --- badge and words ----------------------------------------------------------------------------------------------


def test_the_badge_tells_the_worst():
    for run, words in (
        (small(), "1 refuted"),
        (results(claim(verdict="proved"), claim("a.b")), "2 hold"),
        (results(claim(), claim("a.b", verdict="skipped")), "1 of 2 hold"),
        (results(), "none run"),
    ):
        root = ElementTree.fromstring(badge(run))
        assert root.get("aria-label") == f"claims: {words}"


def test_words():
    assert headline([]) == "The run holds no claim."
    assert headline([claim()]) == "Nothing is refuted. Of 1 claim, 1 certified."
    assert [number(value) for value in (None, 3, 1234567, 0.5, 1e-9, 2.5e-7, -3.0)] == [
        "–",
        "3",
        "1\u202f234\u202f567",
        "0.5",
        "10⁻⁹",
        "2.5 × 10⁻⁷",
        "−3",
    ]
    assert [duration(value) for value in (0.0301, 4.25, 185, 7800)] == ["30 ms", "4.25 s", "3 min 5 s", "2 h 10 min"]
    assert moment("2026-01-31T14:05:09+00:00") == "2026-01-31 14:05 UTC"
    assert moment("yesterday") == "yesterday"
