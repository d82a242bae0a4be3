"""The report links to the glossary where the package says where its documentation is, and nowhere otherwise."""

from __future__ import annotations

import pytest

from airflow_provider_vcc.report import page
from airflow_provider_vcc.report.words.glossary import glossary_among

PLACES = ["Repository, https://code.test/vcc", "Documentation, https://docs.test/vcc/"]


@pytest.mark.parametrize(
    ("urls", "address"),
    [
        (PLACES, "https://docs.test/vcc/glossary.html"),
        (PLACES[:1], None),
        (["Documentation, javascript:alert(1)"], None),
        ([], None),
    ],
)
def test_the_glossary_is_beside_the_documentation(urls, address):
    assert glossary_among(urls) == address


@pytest.mark.parametrize("address", ["https://docs.test/vcc/glossary.html", None])
def test_the_report_links_to_it_if_it_is_known(monkeypatch, address):
    monkeypatch.setattr(page, "glossary", lambda: address)
    assert ("What the words mean" in page.render(None, None)) == bool(address)
