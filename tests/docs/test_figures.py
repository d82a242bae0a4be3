"""The figures that README and documentation give are those of the committed run of the benchmarks."""

from __future__ import annotations

import json
import re

import pytest


@pytest.fixture(scope="module")
def baseline(repo):
    return json.loads((repo / "benchmarks" / "baseline.json").read_text())


@pytest.fixture
def benchmarks(repo, monkeypatch):
    """Return the modules that draw tables and pictures."""
    monkeypatch.syspath_prepend(repo)
    from benchmarks import pictures, tables

    return tables, pictures


def test_the_tables_of_the_page_are_those_of_the_committed_run(benchmarks, baseline, page):
    tables, _ = benchmarks
    assert tables.filled(page("speed"), baseline) == page("speed")


def test_the_pictures_are_those_of_the_committed_run(benchmarks, baseline, repo, tmp_path):
    _, pictures = benchmarks
    pictures.draw(baseline, tmp_path)
    drawn = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert drawn == {path.name: path.read_text() for path in repo.glob("docs/images/bench-*.svg")}


def test_each_picture_is_on_the_page_with_words_for_those_who_do_not_see_it(page, repo):
    shown = dict(re.findall(r"^!\[(.+)\]\(images/(.+)\)$", page("speed"), re.MULTILINE)[i][::-1] for i in range(6))
    assert shown.keys() == {path.name for path in repo.glob("docs/images/bench-*.svg")}
    assert all(len(words) > 40 for words in shown.values())


def test_the_readme_gives_the_rate_and_the_ratio_of_the_committed_run(repo, baseline):
    readme = (repo / "README.md").read_text()
    rate, ratio = re.search(r"sends\s+([\d,]+) elements a second, ([\d.]+) times", readme).groups()
    ours, by_hand = (baseline["side_by_side"][name]["elements_per_second"] for name in ("ours", "by_hand"))
    assert int(rate.replace(",", "")) == pytest.approx(ours, rel=0.005)
    assert float(ratio) == round(ours / by_hand, 1)


def test_the_rate_that_a_slow_server_allows_is_reckoned_right(page):
    flight, size, seconds, rate = re.search(
        r"(\d) x (\d+) / ([\d.]+) = ([\d,]+) elements a second", page("speed")
    ).groups()
    assert int(flight) * int(size) / float(seconds) == int(rate.replace(",", ""))
