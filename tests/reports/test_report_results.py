"""Reading results.json: what is complete is read, and every way of being unusable is named."""

import json
import os

import pytest
from synthetic_results import check, claim, large, results, small, version_1

from reports.results import DEEPEST, ResultsError, checksum, parse, read, schema, upgraded, validate


def test_complete_runs_validate(tmp_path):
    for run in (small(), results(), results(claim(checks=[]))):
        validate(run)
    file = tmp_path / "results.json"
    file.write_text(json.dumps(small()))
    assert read(file) == small()


def test_the_schema_is_a_schema():
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(schema()).validate(small())


def changed(path, value):
    run = small()
    node = run
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return run


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("schema",), 3, "schema: expected version 1 or 2, got 3; read it with the proofs-check that wrote it"),
        (("schema",), True, "schema: expected version 1 or 2, got True"),
        (("schema",), "2", "schema: expected version 1 or 2, got '2'"),
        (("checksum",), "abc", "checksum: expected text matching"),
        (("claims", 0, "clauses"), [], "claims[mf.strata].clauses: expected"),
        (("claims", 0, "checks", 1, "cells"), {"met": 3}, "claims[mf.strata].checks[strata].cells: expected"),
        (("claims", 0, "checks", 1, "cell_controls", 0, "refuted"), None, "expected boolean, got null"),
        (("claims", 0, "checks", 1, "met"), None, "claims[mf.strata].checks[strata].met: expected integer, got null"),
        (("run", "level"), "fast", 'run.level: expected one of quick, standard, full, got "fast"'),
        (("run", "seconds"), "long", 'run.seconds: expected number, got "long"'),
        (("claims",), {}, "claims: expected array, got an object"),
        (("claims", 0, "verdict"), "true", "claims[mf.strata].verdict: expected one of refuted"),
        (("claims", 0, "statement_hash"), "abc", "claims[mf.strata].statement_hash: expected text matching"),
        (("claims", 0, "id"), "../escape", "claims[../escape].id: expected text matching"),
        (("claims", 1, "checks", 0, "cases"), -1, "claims[mf.function-rank].checks[strata].cases"),
        (("claims", 1, "checks", 0, "margin"), float("nan"), "expected a finite number or null"),
        (("claims", 1, "checks", 0, "counterexample"), {"x": 1}, "expected null or an object with replay and reproduce"),
        (("claims", 1, "id"), "mf.strata", "ids must differ, got more than one 'mf.strata'"),
    ],
)
def test_wrong_fields_are_named(path, value, expected):
    with pytest.raises(ResultsError, match=".") as caught:
        validate(changed(path, value))
    assert expected in str(caught.value)


REQUIRED_OF_CLAIMS = ("file", "symbols", "clauses", "refuted_by", "notes")
REQUIRED_OF_CHECKS = (
    "because", "clauses", "met", "skipped", "rejected", "cells", "spent", "body", "versions", "witness", "confirmed", "cell_controls"
)  # fmt: skip


@pytest.mark.parametrize("field", ["checksum", *REQUIRED_OF_CLAIMS, *REQUIRED_OF_CHECKS])
def test_version_2_requires_what_it_has(field):
    for of_check in (False, True):
        run = small()
        entry = run["claims"][0]["checks"][0] if of_check else run if field == "checksum" else run["claims"][0]
        if field in entry:
            del entry[field]
            with pytest.raises(ResultsError, match=f"expected the field '{field}'"):
                validate(run)


def test_version_1_is_read_with_its_fields_defaulted(tmp_path):
    run = version_1(results(claim(), claim("a.x", relation="existence", verdict="proved", checks=[check(covers="statement")])))
    (tmp_path / "results.json").write_text(json.dumps(run))
    found = read(tmp_path / "results.json")
    assert found["schema"] == 1
    assert found["claims"][1]["clauses"] == [
        {"name": "statement", "statement": found["claims"][1]["statement"], "existential": True, "verdict": "proved"}
    ]
    for entry in found["claims"]:
        assert set(REQUIRED_OF_CLAIMS) <= entry.keys()
        assert all(set(REQUIRED_OF_CHECKS) <= one.keys() for one in entry["checks"])
    assert found["claims"][0]["checks"][0]["met"] is None
    assert upgraded(found) == found


# -------------------------------------------------------------------------------------------------------- as written


def test_an_edited_file_is_refused_in_words(tmp_path):
    file = tmp_path / "results.json"
    for path, value in (
        (("claims", 2, "verdict"), "proved"),
        (("claims", 0, "checks", 0, "scope"), "all sizes"),
        (("checksum",), "0" * 64),
    ):
        file.write_text(json.dumps(changed(path, value)))
        with pytest.raises(ResultsError, match=r"results.json: the claims are not those that were written \(checksum .*edited or damaged"):
            read(file)


def test_the_checksum_does_not_depend_on_the_form(tmp_path):
    file = tmp_path / "results.json"
    run = small()
    shuffled = [dict(reversed(entry.items())) for entry in run["claims"]]
    file.write_text(json.dumps({**run, "claims": shuffled}, indent=3, ensure_ascii=False))
    assert read(file) == run


def test_a_checksum_of_odd_characters_holds(tmp_path):
    """They are replaced after the checksum was verified."""
    run = changed(("claims", 0, "title"), "a\x00\ud800")
    run["checksum"] = checksum(run["claims"])
    (tmp_path / "results.json").write_text(json.dumps(run))
    assert read(tmp_path)["claims"][0]["title"] == "a\ufffd\ufffd"


def test_a_directory_of_a_run_is_read(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps(small()))
    assert read(tmp_path) == small()


def test_what_never_ends_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "results.json")
    with pytest.raises(ResultsError, match="results.json: cannot be read .it is no regular file"):
        read(tmp_path)
    with pytest.raises(ResultsError, match="no regular file"):
        read("/dev/zero")


def nested(levels):
    found = 1
    for _ in range(levels):
        found = [found]
    return found


def test_data_that_lie_too_deep_are_refused():
    counterexample = {"x": nested(DEEPEST + 5), "replay": "", "reproduce": "proofs-check reproduce r c s 1"}
    run = changed(("claims", 2, "checks", 0, "counterexample"), counterexample)
    with pytest.raises(ResultsError, match=f"expected at most {DEEPEST} levels"):
        validate(run)
    with pytest.raises(ResultsError, match="nested too deeply"):
        parse(json.dumps({**run, "checksum": checksum(run["claims"])}))


def test_characters_that_no_page_can_hold_are_replaced():
    run = changed(("claims", 0, "title"), "a\x00b\ud800\x1b[31mc\u00e9\n\x9b\u202e")
    del run["checksum"]
    assert parse(json.dumps(run))["claims"][0]["title"] == "a\ufffdb\ufffd\ufffd[31mc\u00e9\n\ufffd\ufffd"


@pytest.mark.parametrize("field", ["run", "claims", "schema"])
def test_missing_parts_are_named(field):
    run = small()
    del run[field]
    with pytest.raises(ResultsError, match=field):
        validate(run)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "empty"),
        (json.dumps(small())[:1000].encode(), "half-written"),
        (b"not json at all", "not JSON"),
        (b"[1, 2]", "expected a JSON object with schema, run and claims, got a list of 2"),
        (b'{"schema": 1, "x": NaN}', "NaN is no JSON number"),
        (b"\xff\xfe", "expected UTF-8"),
        (b"[" * 100_000, "nested"),
        (b'{"schema": 1, "baseline": {}}', "got a baseline"),
        (b'{"schema": ' + b"1" * 5000 + b"}", "not a results.json: Exceeds the limit"),
        (b'{"a": ' * 300 + b"1" + b"}" * 300, "nested too deeply"),
    ],
)
def test_unusable_files_are_named(tmp_path, text, expected):
    file = tmp_path / "results.json"
    file.write_bytes(text)
    with pytest.raises(ResultsError, match="results.json") as caught:
        read(file)
    assert expected in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ResultsError, match="nowhere.json: cannot be read"):
        read(tmp_path / "nowhere.json")
    with pytest.raises(ResultsError, match="cannot be read"):
        read(tmp_path)


def test_the_synthetic_large_run_validates():
    validate(large(200))
