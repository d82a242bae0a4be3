"""Every state of the report at once, from made-up runs, in light, dark, on a phone and printed.

Writes build/gallery/index.html.
"""

from __future__ import annotations

import html
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from playwright.sync_api import Browser, sync_playwright  # noqa: E402 -- after the path
from support.reports import overviews, scenarios  # noqa: E402 -- likewise

from airflow_provider_vcc.report.overview import render_overview  # noqa: E402 -- likewise
from airflow_provider_vcc.report.page import render, render_message  # noqa: E402 -- likewise
from airflow_provider_vcc.report.reading.context import Context  # noqa: E402 -- likewise
from airflow_provider_vcc.report.words.status import REFUSALS  # noqa: E402 -- likewise

BUILT = ROOT / "build" / "gallery"
LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1040, "height": 600}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1040, "height": 600}},
    "phone": {"color_scheme": "light", "viewport": {"width": 360, "height": 640}},
    "print": {"color_scheme": "dark", "viewport": {"width": 720, "height": 600}},
}
STYLE = "body{font:1rem sans-serif;margin:2rem}img{vertical-align:top;border:1px solid #999;margin:0 1rem 2rem 0}"


def pages() -> dict[str, str]:
    runs = {
        name: render(summary, report, Context(**context)) for name, (summary, report, context) in scenarios().items()
    }
    refusals = {f"refused-{status}": render_message(*said) for status, said in REFUSALS.items()}
    return runs | {name: render_overview(**given) for name, given in overviews().items()} | refusals


def look(browser: Browser, made: dict[str, str]) -> None:
    for name, options in LOOKS.items():
        context = browser.new_context(**options)
        page = context.new_page()
        if name == "print":
            page.emulate_media(media="print")
        for page_name, body in made.items():
            page.set_content(body)
            page.screenshot(path=BUILT / f"{page_name}-{name}.png", full_page=True)
        context.close()


def index(names: list[str]) -> str:
    shown = []
    for name in names:
        images = (f'<img src="{name}-{kind}.png" alt="{kind}" height="600" loading="lazy">' for kind in LOOKS)
        shown.append(f'<h2 id="{name}"><a href="{name}.html">{html.escape(name)}</a></h2>{"".join(images)}')
    return f"<!doctype html><meta charset=utf-8><title>Gallery</title><style>{STYLE}</style>{''.join(shown)}"


def main() -> None:
    only = sys.argv[1:]
    made = {name: body for name, body in pages().items() if not only or name in only}
    if not only:
        shutil.rmtree(BUILT, ignore_errors=True)
    BUILT.mkdir(parents=True, exist_ok=True)
    for name, body in made.items():
        (BUILT / f"{name}.html").write_text(body, "utf-8")
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        look(browser, made)
        browser.close()
    (BUILT / "index.html").write_text(index(sorted(path.stem for path in BUILT.glob("*.html") if path.stem != "index")))
    print(BUILT / "index.html")


if __name__ == "__main__":
    main()
