"""The pages on the interfaces: every room has one, and what they name exists. (That they can be built, `.ci/run` shows.)"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs" / "api").glob("*.md"))
ROOMS = [f"{package}.{room.parent.name}" for package in ("theory", "numerics") for room in sorted((ROOT / package).glob("*/__init__.py"))]


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_page(room):
    assert any(re.search(rf"^::: {re.escape(room)}\b", page.read_text(encoding="utf-8"), re.MULTILINE) for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_listed_and_names_what_there_is(page):
    assert f"- api/{page.name}\n" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for name in re.findall(r"^::: (\S+)", page.read_text(encoding="utf-8"), re.MULTILINE):
        path = ROOT.joinpath(*name.split("."))
        assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file() or path.parent.with_suffix(".py").is_file(), name
