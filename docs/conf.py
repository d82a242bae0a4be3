"""Sphinx's configuration."""

from __future__ import annotations

import airflow_provider_vcc

project = "airflow-provider-vcc"
author = "the airflow-provider-vcc authors"
project_copyright = author
release = version = airflow_provider_vcc.__version__
html_theme = "furo"
html_title = f"airflow-provider-vcc {release}"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
autodoc_typehints = "description"
autodoc_member_order = "bysource"
myst_heading_anchors = 3
exclude_patterns = ["build"]
