"""Sphinx's configuration. Every reference must lead somewhere, and ``make docs`` takes warnings for errors."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import airflow_provider_vcc

# Where this is published; what is not known yet is empty, and then nothing points there.
PUBLISHER = tomllib.loads(Path(__file__).parents[1].joinpath("publisher.toml").read_text(encoding="utf-8"))

project = "airflow-provider-vcc"
author = PUBLISHER["name"] or "the airflow-provider-vcc authors"
project_copyright = author
release = version = airflow_provider_vcc.__version__
html_theme = "furo"
pygments_dark_style = "github-dark"  # the theme's own underlines the names of modules as if they were links
highlight_language = "text"
html_title = f"airflow-provider-vcc {release}"
html_favicon = "static/favicon.svg"
html_static_path = ["static"]
html_css_files = ["docs.css"]
html_copy_source = False
html_use_index = False
html_domain_indices = False
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.intersphinx", "sphinx_copybutton", "sphinxext.opengraph"]
html_theme_options = {}
if PUBLISHER["repository"]:  # links to the source of each page
    html_theme_options |= {
        "source_repository": PUBLISHER["repository"],
        "source_branch": PUBLISHER["branch"],
        "source_directory": "docs/",
    }
# Links into the documentation of others need the network, which a build here does without.
intersphinx_mapping = (
    {
        "airflow": ("https://airflow.apache.org/docs/apache-airflow/stable/", None),
        "python": ("https://docs.python.org/3/", None),
    }
    if os.environ.get("DOCS_ONLINE")
    else {}
)
copybutton_prompt_text = "$ "
ogp_site_url = html_baseurl = f"{PUBLISHER['documentation']}/" if PUBLISHER["documentation"] else ""
ogp_description_length = 200
ogp_enable_meta_description = True
ogp_image = "_static/card.png"
ogp_image_alt = "airflow-provider-vcc: set the dispositions of many records from Airflow, and account for every one"
ogp_custom_meta_tags = ['<meta name="twitter:card" content="summary_large_image" />']
ogp_social_cards = {"enable": False}  # one card, drawn by hand: static/card.png
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
myst_heading_anchors = 3
exclude_patterns = ["build"]
nitpicky = True
# Names of others, whose documentation is not to be had without a network, and types that are there for type checkers
# only, by their bare names.
nitpick_ignore_regex = [
    (r"py:.*", r"airflow\..*|airflow_provider_vcc\.(?!.*(Operator|Hook|Error)$).*"),
    (r"py:(class|exc)", r"\w+"),
]
# `make linkcheck` asks each address of the pages; those of examples are nobody's.
linkcheck_ignore = [r"https?://(localhost|127\.0\.0\.1)[:/].*", r".*\.asp\.virtual-call-center\.eu.*"]
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_anchors = True


VERSIONS = "% The versions that are hosted"


def list_versions(_app: object, page: str, source: list[str]) -> None:
    """Link the documentation of each released version from the page on versions, once it is known where that is."""
    base = PUBLISHER["documentation"]
    if page != "versions" or not base:
        return
    changelog = Path(__file__).parents[1].joinpath("CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## (\S+) \((\d{4}-\d\d-\d\d)\)$", changelog, re.MULTILINE)
    rows = [f"- [{version}]({base}/{version}/), of {day}" for version, day in released]
    source[0] = source[0].replace(VERSIONS, "\n".join([f"- [the newest one]({base}/)", *rows]))


PARTS = ("body", "furo_navigation_tree")
MENDED = {
    'role="heading">': 'role="heading" aria-level="2">',
    "<pre>": '<pre tabindex="0">',
    "<p><img ": '<p tabindex="0"><img ',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
    "\n\n\n</pre>": "\n</pre>",
}


def mend(_app: object, _page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Add what Sphinx leaves out: levels for screen readers, and the keyboard's way to what has to be scrolled."""
    for part in PARTS:
        for given, mended in MENDED.items():
            context[part] = context.get(part, "").replace(given, mended)


def name_templated_fields(_app: object, kind: str, _name: str, thing: Any, _options: object, lines: list[str]) -> None:
    """List below an operator's description which of its parameters are templated."""
    fields = getattr(thing, "template_fields", None) if kind == "class" else None
    if fields:
        lines += ["", "**Templated:** " + ", ".join(f"``{field}``" for field in fields), ""]


def setup(app: Any) -> None:
    """Register what is done with each page, after the theme, and with each docstring."""
    app.connect("html-page-context", mend, priority=900)
    app.connect("autodoc-process-docstring", name_templated_fields)
    app.connect("source-read", list_versions)
