"""Sphinx's configuration. Every reference must lead somewhere, and ``make docs`` takes warnings for errors."""

from __future__ import annotations

from typing import Any

import airflow_provider_vcc

project = "airflow-provider-vcc"
author = "the airflow-provider-vcc authors"
project_copyright = author
release = version = airflow_provider_vcc.__version__
html_theme = "furo"
highlight_language = "text"
html_title = f"airflow-provider-vcc {release}"
html_static_path = ["static"]
html_css_files = ["docs.css"]
html_copy_source = False
html_use_index = False
html_domain_indices = False
extensions = ["myst_parser", "sphinx.ext.autodoc"]
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
myst_heading_anchors = 3
exclude_patterns = ["build"]
nitpicky = True
# Names of others, whose documentation is not to be had without a network, and types of the sandbox's inner rooms.
OTHERS = r"airflow\..*|AirflowSkipException|Context|Fault|Faults|Path|Query|Request|RetryPolicy|Session|timedelta"
nitpick_ignore_regex = [(r"py:.*", OTHERS)]
# `make linkcheck` asks each address of the pages; those of examples are nobody's.
linkcheck_ignore = [r"https?://(localhost|127\.0\.0\.1)[:/].*", r".*\.asp\.virtual-call-center\.eu.*"]
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_anchors = True


PARTS = ("body", "furo_navigation_tree")
MENDED = {
    'role="heading">': 'role="heading" aria-level="2">',
    "<pre>": '<pre tabindex="0">',
    "<p><img ": '<p tabindex="0"><img ',
    '<div class="table-wrapper': '<div tabindex="0" class="table-wrapper',
}


def mend(_app: object, _page: str, _template: str, context: dict[str, Any], _doctree: object) -> None:
    """Give what Sphinx leaves out: levels for screen readers, and the keyboard's way to what has to be scrolled."""
    for part in PARTS:
        for given, mended in MENDED.items():
            context[part] = context.get(part, "").replace(given, mended)


def setup(app: Any) -> None:
    """Hear of each page, after the theme."""
    app.connect("html-page-context", mend, priority=900)
