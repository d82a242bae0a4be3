"""Every link of README, changelog and documentation leads somewhere; addresses elsewhere are looked at by their form.

``make docs`` lets Sphinx do the same for the pages that it builds, and ``make linkcheck`` asks the addresses.
"""

from __future__ import annotations

import fnmatch
import re
from urllib.parse import urlsplit

import pytest

LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+(?:\([^()]*\)[^()\s]*)*)\)|<(https?://[^>\s]+)>")
CODE = re.compile(r"^```.*?^```$|`+[^`\n]+`+", re.DOTALL | re.MULTILINE)


def pages(repo):
    return [*sorted(repo.glob("*.md")), *sorted(repo.glob("docs/*.md"))]


def links(path):
    """Return the targets of a page's links. Code has none, but the text of a link may be code."""
    text = re.sub(r"^(`{3,}).*?^\1$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [target or address for target, address in LINK.findall(text)]


def anchors(path):
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    text = CODE.sub(lambda found: "" if found[0].startswith("```") else found[0], path.read_text(encoding="utf-8"))
    titles = [title.strip() for title in re.findall(r"^#{1,3} (.+)$", text, re.MULTILINE)]
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


@pytest.fixture(scope="module")
def all_links(repo):
    """Return all links as (page, target)."""
    return [(path, target) for path in pages(repo) for target in links(path)]


def test_each_relative_link_leads_to_a_file_of_the_repository(all_links, repo):
    relative = [(page, target) for page, target in all_links if "://" not in target and not target.startswith("#")]
    there = {(page.name, target): (page.parent / target.partition("#")[0]).resolve() for page, target in relative}
    wrong = [link for link, path in there.items() if not (path.is_file() and path.is_relative_to(repo))]
    assert len(relative) > 50
    assert wrong == []


def test_each_anchor_is_a_heading_of_the_page_that_it_leads_to(all_links):
    to_headings = [(page, *target.split("#")) for page, target in all_links if "#" in target and "://" not in target]
    wrong = [
        (page.name, target, anchor)
        for page, target, anchor in to_headings
        if anchor not in anchors(page.parent / target if target else page)
    ]
    assert len(to_headings) > 30
    assert wrong == []


def test_headings_of_a_page_have_anchors_of_their_own(repo):
    twice = {path.name: [a for a in anchors(path) if anchors(path).count(a) > 1] for path in pages(repo)}
    assert {name: found for name, found in twice.items() if found} == {}


def test_each_address_elsewhere_has_the_form_of_one(all_links):
    elsewhere = [(page.name, urlsplit(target)) for page, target in all_links if "://" in target]
    wrong = [
        (page, address.geturl())
        for page, address in elsewhere
        if not (address.scheme == "https" and re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", address.netloc))
        and address.hostname != "localhost"
    ]
    assert len(elsewhere) >= 3
    assert wrong == []


def test_each_page_is_in_the_table_of_contents(repo):
    entries = [
        line
        for block in re.findall(r"```\{toctree\}\n(.*?)```", (repo / "docs/index.md").read_text(), re.DOTALL)
        for line in block.splitlines()
        if line and not line.startswith(":")
    ]
    names = {path.stem for path in repo.glob("docs/*.md")} - {"index"}
    assert {name: sum(fnmatch.fnmatch(name, entry) for entry in entries) for name in names} == dict.fromkeys(names, 1)
