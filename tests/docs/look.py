"""Open the pages of a folder in Chromium, and print as JSON what is wrong with each: ``{page: [finding, ...]}``.

In a process of its own, since two of Playwright's loops do not go together in one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import sync_playwright
from support.axe import grave_findings
from support.servers import find_chromium

VIEWS = ((390, "dark"), (1280, "light"))
WIDEST = (1720, "light")
LOOKED_AT_WIDEST = ("index", "operator", "outcomes", "reference", "speed", "warehouse")
"""Those with what could be cut where code gets more room than text: long lines, broad tables, pictures."""
ASKED_OF_AXE = ("index", "errors", "speed")
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"
CUT = """() => [...document.querySelectorAll("article pre, article .table-wrapper, article table")]
    .filter(one => one.clientWidth && one.scrollWidth > one.clientWidth + 1)
    .map(one => one.innerText.slice(0, 60))"""
MISSING = """async () => {
    const images = [...document.querySelectorAll("article img")];
    images.forEach(image => image.loading = "eager");
    const there = await Promise.allSettled(images.map(image => image.decode()));
    return images.filter((_, at) => there[at].status === "rejected").map(image => image.src);
}"""


def findings(page, path):
    page.goto(path.as_uri())
    found = ["wider than the screen"] if page.evaluate(TOO_WIDE) else []
    found += [f"cut at the right: {text!r}" for text in page.evaluate(CUT)]
    found += [f"no picture {source}" for source in page.evaluate(MISSING)]
    return found + (grave_findings(page) if path.stem in ASKED_OF_AXE else [])


def look(folder):
    """Look at each page on a phone in the dark, and on a desk in the light."""
    found = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        for width, scheme in (*VIEWS, WIDEST):
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
            for path in sorted(folder.glob("*.html")):
                if width == WIDEST[0] and path.stem not in LOOKED_AT_WIDEST:
                    continue
                found[f"{path.stem}, {width} wide"] = findings(page, path)
        browser.close()
    return found


if __name__ == "__main__":
    print(json.dumps(look(Path(sys.argv[1]))))
