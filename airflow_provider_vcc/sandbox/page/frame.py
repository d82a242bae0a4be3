"""What all pages have around them."""

from __future__ import annotations

from pathlib import Path

from airflow_provider_vcc.sandbox.page.markup import Markup, html, join

__all__ = ["frame", "style"]

LINKS = {"/": "Call centre", "/requests": "Requests", "/faults": "Faults"}
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<title>{} · VCC sandbox</title>
</head>
<body>
<header><strong>VCC sandbox</strong>{}{}</header>
<main>
{}
</main>
</body>
</html>
"""


def style() -> bytes:
    """Read the style sheet."""
    return Path(__file__).with_name("style.css").read_bytes()


def frame(title: str, path: str, body: Markup, *, live: bool | None) -> bytes:
    """Make a whole page.

    :param live: whether it renews itself; None if it never does.
    """
    links = join(
        html('<a href="{}"{}>{}</a>', link, Markup(' aria-current="page"') if link == path else "", words)
        for link, words in LINKS.items()
    )
    return html(PAGE, title, links, _live(live=live), body).encode()


def _live(*, live: bool | None) -> Markup:
    if live is None:
        return Markup()
    if live:
        return html('<span class="live">renews itself · <a href="?live=0">pause</a></span>')
    return html('<span class="live">paused · <a href="?">go on</a></span>')
