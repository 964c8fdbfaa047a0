"""Reading results.json: what is complete is read, and every way of being unusable is named."""

import json

import pytest
from synthetic_results import claim, large, results, small

from reports.results import ResultsError, parse, read, schema, validate


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
        (("schema",), 2, "schema: expected version 1, got 2"),
        (("schema",), True, "schema: expected version 1, got True"),
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


def test_characters_that_no_page_can_hold_are_replaced():
    run = changed(("claims", 0, "title"), "a\x00b\ud800\x1b[31mc\u00e9\n")
    assert parse(json.dumps(run))["claims"][0]["title"] == "a\ufffdb\ufffd\ufffd[31mc\u00e9\n"


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
