"""Writing into directories that strangers made: links are not followed, files are whole or not there."""

import json
import os

import pytest
from synthetic_results import small

from reports import html
from reports.files import Directory


def test_files_are_written(tmp_path):
    with Directory(tmp_path / "new" / "run") as directory:
        directory.write("index.html", "a\n")
        directory.write("claims/deep/b.html", "σ")
        directory.write("index.html", "c\n")
    assert (tmp_path / "new/run/index.html").read_bytes() == b"c\n"
    assert (tmp_path / "new/run/claims/deep/b.html").read_text(encoding="utf-8") == "σ"
    assert sorted(file.name for file in (tmp_path / "new/run").rglob("*")) == ["b.html", "claims", "deep", "index.html"]
    assert (tmp_path / "new/run/index.html").stat().st_mode & 0o777 == 0o644 & ~umask()


def umask():
    found = os.umask(0)
    os.umask(found)
    return found


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/../../x", ""])
def test_paths_stay_inside(tmp_path, name):
    with Directory(tmp_path) as directory, pytest.raises(ValueError, match="expected a path inside the directory"):
        directory.write(name, "")


def test_a_link_is_replaced_and_its_target_kept(tmp_path):
    target = tmp_path / "dot-file"
    target.write_text("mine")
    run = tmp_path / "run"
    run.mkdir()
    for name in ("index.html", "summary.md", "badge.svg"):
        (run / name).symlink_to(target)
    (run / "results.json").write_text(json.dumps(small()))
    html.write(small(), run)
    assert target.read_text() == "mine"
    assert not any((run / name).is_symlink() for name in ("index.html", "summary.md", "badge.svg"))
    assert "proofs-check" in (run / "index.html").read_text()


@pytest.mark.parametrize("name", ["claims", "assets", "families", "figures"])
def test_a_link_in_place_of_a_directory_is_refused(tmp_path, name):
    outside, run = tmp_path / "outside", tmp_path / "run"
    outside.mkdir()
    run.mkdir()
    (run / name).symlink_to(outside)
    with pytest.raises(OSError, match="expected real directories and files, no links"):
        html.write(small(), run)
    assert not list(outside.iterdir())


def test_what_is_in_the_way_is_named(tmp_path):
    (tmp_path / "index.html").mkdir()
    (tmp_path / "claims").write_text("")
    with Directory(tmp_path) as directory:
        for name in ("index.html", "claims/a.html"):
            with pytest.raises(OSError, match=f"expected real directories and files.*{name}"):
                directory.write(name, "")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["claims", "index.html"]


def test_a_directory_may_be_named_by_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with Directory(tmp_path / "link") as directory:
        directory.write("a", "b")
    assert (tmp_path / "real" / "a").read_text() == "b"
