"""The pages: well-formed, offline, escaped, complete, and fast with ten thousand checks."""

import json
import re
import time

import pytest
from pages import Page, broken_links
from synthetic_results import COUNTEREXAMPLE, HISTORY, check, claim, control, figure, large, results, run, small

from reports import html
from reports.results import ResultsError
from reports.wording import VERDICTS


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    directory = tmp_path_factory.mktemp("report")
    (directory / "results.json").write_text(json.dumps(small()))
    certificate = directory / "certificates" / "mf.strata.strata.json"
    certificate.parent.mkdir()
    certificate.write_text("{}")
    assert html.write(small(), directory, HISTORY) == directory / "index.html"
    return directory


def write(directory, *claims, history=None, **changes):
    html.write(results(*claims, **changes), directory, history)
    return Page(directory / "index.html")


# --- form ---------------------------------------------------------------------------------------------------------


def test_pages_are_well_formed_and_links_resolve(report):
    assert broken_links(report) == []
    assert len(list(report.rglob("*.html"))) == 10 + 3 + 5


def test_no_page_needs_the_network(report):
    for file in [*report.rglob("*.html"), *report.rglob("*.css"), *report.rglob("*.js")]:
        addresses = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", file.read_text())
        assert set(addresses) <= {"https://arxiv.org", "https://doi.org"}, file
        assert "@import" not in file.read_text()


def test_no_backslash_and_no_empty_operator(report):
    for file in report.rglob("*.html"):
        assert "\\" not in file.read_text(), file
        assert not re.search(r"<m[ion][^>]*>\s*</m[ion]>", file.read_text()), file


def test_pages_are_accessible(report):
    for file in report.rglob("*.html"):
        page = Page(file)
        assert page.headings[0] == 1 and page.headings.count(1) == 1, file
        assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False)), file
        assert all(image.get("alt") for image in page.images), file
        assert len(page.ids) == len(set(page.ids)), file
        assert '<html lang="en">' in page.source
        assert "<caption" in page.source or "<table" not in page.source.replace('<table class="matrix"', "")


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_colours_have_contrast(report):
    """WCAG asks for 4.5 between text and its ground."""
    style = (report / "assets" / "style.css").read_text()
    blocks = re.findall(r":root \{([^}]*--proved[^}]*)\}", style)
    assert len(blocks) == 2
    for block in blocks:
        colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", block))
        for name in ("ink", "quiet", "link", *VERDICTS):
            for ground in ("paper", "raised"):
                light, dark = sorted((luminance(colours[name]), luminance(colours[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)


def test_the_golden_page(report):
    from pathlib import Path

    golden = Path(__file__).parent / "golden" / "mf.function-rank.html"
    assert (report / "claims" / "mf.function-rank.html").read_text() == golden.read_text(encoding="utf-8")


# --- content ------------------------------------------------------------------------------------------------------


def test_the_index_tells_the_run(report):
    text = " ".join(Page(report / "index.html").text.split())
    assert "Of 10 claims, 1 is refuted, 2 are in error and 1 is vacuous." in text
    assert "2 of the 51 source papers have claims in this run" in text
    assert "0.0002 together, of 0.001 allowed to a run (20 %)" in text
    assert "cupy-cuda13xabsent" in text
    assert "What rests on what" in text


def test_a_claim_shows_claim_and_finding(report):
    page = Page(report / "claims" / "mf.function-rank.html")
    text = " ".join(page.text.split())
    assert text.index("The claim") < text.index("The finding")
    for words in (
        "Carries weight: without it the claim fails.",
        "A representative of f* of smaller model rank.",
        "Prop. 1",
        "integers in [-9, 9] over the denominator 4",
        "Certified in each of the last 4 runs.",
    ):
        assert words in text
    assert "math" in page.tags
    strata = " ".join(Page(report / "claims" / "mf.strata.html").text.split())
    assert "The verdict changed 2 times in 4 runs, last from certified to proved in run run-3." in strata


def test_a_refutation_can_be_repeated_and_kept(report):
    text = Page(report / "claims" / "mf.wrong.html").text
    assert COUNTEREXAMPLE["reproduce"] in text
    assert "the replay by exact_rank fails too" in text
    assert "Fraction('p/q')" in text
    patch = re.search(r"from dataclasses import replace.*?\]\n", text, re.DOTALL)[0]
    compile(patch, "patch", "exec")


def test_the_patch_adds_a_check_that_runs():
    from reports.views import patch

    refuted = small()["claims"][2]
    code = patch(refuted, refuted["checks"][0])
    from proofs_check import Check, Claim, Control, Outcome, Source

    def run_it(instance, *, formula, context):
        return Outcome.holds()

    strata = Check("strata", "exact", "instances", "all", run_it, lambda context: [1], {"formula": 1}, [Control("c", formula=2)])
    names = {"CLAIMS": [Claim("mf.wrong", "t", "x", Source("p", "w"), [strata]), Claim("mf.other", "t", "x", Source("p", "w"), [strata])]}
    exec(code, names)
    assert [len(entry.checks) for entry in names["CLAIMS"]] == [2, 1]
    kept = names["CLAIMS"][0].checks[1]
    assert kept.name == "strata-case-17"
    assert kept.instances(None) == [COUNTEREXAMPLE["instance"]]


def test_undermined_and_unknown_dependencies(report):
    text = " ".join(Page(report / "claims" / "mf.corollary.html").text.split())
    assert "It rests on what is refuted: mf.wrong" in text
    assert "elsewhere.lemma not in this run" in text
    assert "The probe without it found no failure." in text
    assert "Not probed" in text


def test_long_messages_become_lists(tmp_path):
    message = "; ".join(f"n = {number}: {number} of 200 recovered, at most 0.2 expected" for number in range(20))
    write(tmp_path, claim(checks=[check(message=message)]))
    assert Page(tmp_path / "claims" / "mf.function-rank.html").source.count("of 200 recovered") == 20
    assert '<ul class="said">' in (tmp_path / "claims" / "mf.function-rank.html").read_text()


def test_not_verified_lists_what_is_open(report):
    text = " ".join(Page(report / "not-verified.html").text.split())
    assert "A law that needs a GPU" in text
    assert "A software system; no statement of theory." in text


def test_every_claim_has_its_json(report):
    for entry in small()["claims"]:
        document = json.loads((report / "claims" / f"{entry['id']}.json").read_text())
        assert document == {"schema": 1, "run": run(), "claim": entry}


def test_the_graph_links_to_the_claims(report):
    page = Page(report / "graph.html")
    assert "claims/mf.strata.html" in page.addresses
    assert "claims/toy.loose.html" not in page.addresses
    assert page.source.count("<path") == 4


# --- bad input ----------------------------------------------------------------------------------------------------

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(1)> & \\foo "\' {{ 7*7 }} {% raw %}'


def test_hostile_strings_are_escaped(tmp_path):
    plain = figure("lines", title=HOSTILE, alt=HOSTILE, x_label=HOSTILE, y_label=HOSTILE, marks=[{"label": HOSTILE, "x": 3}])
    plain["data"]["series"][0]["label"] = HOSTILE
    entry = claim(
        "a.b",
        family=HOSTILE,
        title=HOSTILE,
        statement=HOSTILE,
        assumptions=[{"name": HOSTILE, "statement": HOSTILE}],
        source={"paper": HOSTILE, "where": HOSTILE},
        depends_on=[HOSTILE],
        undermined_by=[HOSTILE],
        probes=[{"drops": HOSTILE, "fails_without": None, "message": HOSTILE}],
        refuted_by=HOSTILE,
        notes=HOSTILE,
        verdict="refuted",
        checks=[
            check(
                HOSTILE,
                scope=HOSTILE,
                status="fails",
                message=HOSTILE,
                distribution=HOSTILE,
                tolerance=HOSTILE,
                certificate=f"../{HOSTILE}",
                counterexample={HOSTILE: HOSTILE, "replay": HOSTILE, "reproduce": f"proofs-check reproduce {HOSTILE}"},
                controls=[control(HOSTILE, False, HOSTILE)],
                figures=[plain],
            )
        ],
    )
    write(tmp_path, entry, id=HOSTILE, device=HOSTILE, started=HOSTILE, versions={HOSTILE: HOSTILE})
    assert broken_links(tmp_path) == []
    for file in tmp_path.rglob("*.html"):
        page = Page(file)
        assert page.source.count("<script") == page.source.count('assets/search.js" defer></script>'), file
        assert not {name for name in page.attributes if name.startswith("on")}, file
        assert all(image["src"].startswith("../figures/") for image in page.images)
    assert HOSTILE in Page(tmp_path / "claims" / "a.b.html").text
    for file in tmp_path.rglob("*.svg"):
        assert "<script" not in file.read_text() and "<img" not in file.read_text()


def test_a_hostile_id_is_refused(tmp_path):
    with pytest.raises(ResultsError, match="expected text matching"):
        write(tmp_path, claim("../../outside"))
    assert not list(tmp_path.iterdir())


def test_runs_with_little_in_them(tmp_path):
    assert "The run holds no claim" in write(tmp_path / "empty").text
    write(tmp_path / "bare", claim(checks=[], assumptions=[], verdict="skipped", source={"paper": "", "where": ""}))
    text = Page(tmp_path / "bare" / "claims" / "mf.function-rank.html").text
    assert "The claim has no check, so nothing was tested." in text
    assert broken_links(tmp_path) == []


def test_a_statement_that_does_not_render_is_shown_as_text(tmp_path):
    write(tmp_path, claim(statement=r"\undefinedcommand{x} \frac{1}"))
    source = (tmp_path / "claims" / "mf.function-rank.html").read_text()
    assert 'class="unset"' in source
    assert "undefinedcommand" in source


def test_a_figure_that_cannot_be_drawn_says_so(tmp_path):
    bad = figure("heatmap", data={"values": [[1, 2]], "x": [1], "y": [1]})
    write(tmp_path, claim(checks=[check(figures=[bad, figure("lines", data={})])]))
    text = Page(tmp_path / "claims" / "mf.function-rank.html").text
    assert "expected 1 rows of 1 values, got 1 rows of [2]" in text
    assert bad["alt"] in text
    assert not (tmp_path / "figures").exists()


def test_a_circle_of_dependencies_is_told(tmp_path):
    text = write(tmp_path, claim("a.x", depends_on=["a.y"]), claim("a.y", depends_on=["a.x"])).text
    assert "run in a circle" in text


def test_a_history_must_make_sense(tmp_path):
    entry = claim()
    for history, expected in (
        ([("r", "1", {}), ("r", "2", {})], "two different runs have the id 'r'"),
        ([(run()["id"], "another time", {})], "has the same id"),
        ([("r", "1", {"a.b": "true"})], "holds the verdict 'true'"),
        ([("r", "1")], "expected (run id, start, verdict of each claim)"),
    ):
        with pytest.raises(ResultsError) as caught:
            write(tmp_path, entry, history=history)
        assert expected in str(caught.value)
    write(tmp_path, entry, history=[("r", "1", {}), ("r", "1", {}), (run()["id"], run()["started"], {entry["id"]: "certified"})])


def test_no_page_grows_with_history(tmp_path):
    history = [(f"r{number:04d}", f"2025-01-{number:04d}", {"mf.function-rank": "certified"}) for number in range(500)]
    write(tmp_path, claim(), history=history)
    assert Page(tmp_path / "claims" / "mf.function-rank.html").source.count('<li class="v-certified"') == 40


def test_pages_are_the_same_twice(tmp_path):
    for name in ("one", "two"):
        html.write(small(), tmp_path / name, HISTORY)
    for file in (tmp_path / "one").rglob("*.*"):
        assert file.read_bytes() == (tmp_path / "two" / file.relative_to(tmp_path / "one")).read_bytes(), file


# --- size ---------------------------------------------------------------------------------------------------------


def test_ten_thousand_checks(tmp_path):
    run_of_many = large(10_000)
    started = time.process_time()
    html.write(run_of_many, tmp_path)
    assert time.process_time() - started < 20
    assert (tmp_path / "index.html").stat().st_size < 2_000_000
    assert max(file.stat().st_size for file in tmp_path.rglob("*.html")) < 2_000_000
    assert len(list((tmp_path / "claims").glob("*.html"))) == 2_500


def test_the_longest_index(tmp_path):
    html.write(large(html.INDEX_CLAIMS, checks_per_claim=1), tmp_path)
    assert (tmp_path / "index.html").stat().st_size < 2_000_000
