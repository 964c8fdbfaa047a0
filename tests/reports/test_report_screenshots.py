"""Pages in a real browser at three widths: they render, nothing spills over the side, formulas have a size."""

import json
import re
import shutil
import subprocess

import pytest
from synthetic_results import HISTORY, small

from reports import html

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium on this machine (Debian: apt-get install chromium)")

CLAIMS = ("mf.strata", "mf.wrong", "mf.attained", "toy.corner", "exp.recovery")
PAGES = ("index", *(f"claims/{name}" for name in CLAIMS), "families/mf", "notation", "papers", "not-verified", "proofs", "graph", "summary")

#: Measures the pages inside frames of three widths (a headless window has a least width), one page after the other, and leaves the figures
#: in its title.
PROBE = """<!DOCTYPE html><title>none</title><body><script>
const found = {};
const measure = (name, width) => new Promise((done) => {
  const frame = document.createElement("iframe");
  frame.style = `width:${width}px;height:900px;border:0`;
  frame.onload = async () => {
    const page = frame.contentDocument;
    await Promise.all([...page.images].map((image) => image.decode().catch(() => {})));  // a loaded page is drawn later on a busy machine
    found[name][width] = {
      spill: page.documentElement.scrollWidth - page.documentElement.clientWidth,
      flat: [...page.querySelectorAll("math")].filter((node) => node.getBoundingClientRect().height < 4).length,
      formulas: page.querySelectorAll("math").length,
      pictures: [...page.images].filter((image) => !image.naturalWidth).length,
      styled: frame.contentWindow.getComputedStyle(page.querySelector(".skip")).position === "absolute",
      size: parseFloat(frame.contentWindow.getComputedStyle(page.body).fontSize),
    };
    frame.remove();
    done();
  };
  frame.src = `${name}.html`;
  document.body.append(frame);
});
(async () => {
  for (const name of PAGES) {
    found[name] = {};
    await Promise.all([360, 768, 1280].map((width) => measure(name, width)));
  }
  document.title = JSON.stringify(found);
})();
</script></body>"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    directory = tmp_path_factory.mktemp("report")
    html.write(small(), directory, HISTORY)
    return directory


def chromium(profile, *arguments):
    command = [
        BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--allow-file-access-from-files",
        f"--user-data-dir={profile}",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout


@pytest.fixture(scope="module")
def measured(report, tmp_path_factory):
    """page -> width -> what the browser measured; one start of it serves all pages."""
    probe = report / "probe.html"
    probe.write_text(PROBE.replace("PAGES", json.dumps(PAGES)))
    profile = tmp_path_factory.mktemp("profile")
    shown = chromium(profile, f"--virtual-time-budget={8000 * len(PAGES)}", "--dump-dom", probe.as_uri())
    return json.loads(re.search(r"<title>(.*?)</title>", shown)[1].replace("&quot;", '"'))


@pytest.mark.parametrize("page", PAGES)
def test_pages_fit_three_widths(measured, page):
    found = measured[page]
    assert set(found) == {"360", "768", "1280"}
    for frame in found.values():
        assert frame["spill"] <= 0
        assert frame["styled"]  # the content security policy lets the style of the report through
        assert frame["flat"] == 0
        assert frame["pictures"] == 0
        assert frame["size"] >= 16
        assert frame["formulas"] or not page.startswith("claims/")


def test_a_screenshot_is_a_picture(report, tmp_path):
    picture = tmp_path / "index.png"
    chromium(tmp_path / "profile", "--window-size=1280,1600", f"--screenshot={picture}", (report / "index.html").as_uri())
    assert picture.stat().st_size > 20_000


#: Types each of the searches into the index and leaves the ids of the rows that stay in the title.
SEARCH = """<!DOCTYPE html><title>none</title><body><script>
const frame = document.createElement("iframe");
frame.onload = () => {
  const page = frame.contentDocument, field = page.querySelector("[data-search] input"), found = {};
  for (const text of SEARCHES) {
    field.value = text;
    field.dispatchEvent(new Event("input"));
    found[text] = [...page.querySelectorAll("[data-claims] tbody tr:not([hidden])")].map((row) => row.dataset.claim);
  }
  document.title = JSON.stringify(found);
};
frame.src = "index.html";
document.body.append(frame);
</script></body>"""


def test_claims_are_found_by_word_symbol_and_paper(report, tmp_path):
    """Also by what stands on their own pages only: the words of a statement, a meaning, the title of the paper."""
    searches = ["", "mf.strata", r"\\operatorname{rank}", "span tangent functions", "linear stability hypothesis", "no such word"]
    probe = report / "search-probe.html"
    probe.write_text(SEARCH.replace("SEARCHES", json.dumps(searches)))
    shown = chromium(tmp_path / "profile", "--virtual-time-budget=8000", "--dump-dom", probe.as_uri())
    found = json.loads(re.search(r"<title>(.*?)</title>", shown)[1].replace("&quot;", '"'))
    everything, by_id, by_symbol, by_meaning, by_paper, by_nothing = found.values()
    assert len(everything) == len(set(everything)) > 5
    assert by_id == ["mf.strata"] and by_nothing == []
    assert "mf.strata" in by_symbol and by_meaning == ["mf.strata"]
    assert 0 < len(by_paper) and set(by_paper) <= set(everything)
