"""Draw ``static/card.png``, which is shown where a page of the documentation is linked to. Needs a Chromium."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
CARD = """
<body style="margin:0;width:1200px;height:630px;background:#0b2f57;color:#fff;font-family:system-ui,sans-serif;
  box-sizing:border-box;padding:70px 80px;display:flex;flex-direction:column;gap:28px">
<div style="display:flex;align-items:center;gap:24px;font-size:34px">ICON airflow-provider-vcc</div>
<div style="font-size:64px;font-weight:700;line-height:1.15">Set the dispositions of many records from Airflow,
  and account for every one.</div>
<div style="font-size:32px;color:#cfe0f5;margin-top:auto">A provider for VCC Live, the call-centre service</div>
<div style="display:flex;height:26px;border-radius:13px;overflow:hidden">
<i style="flex:92;background:#3fb56f"></i><i style="flex:5;background:#e5534b"></i>
<i style="flex:2;background:#e0a030"></i><i style="flex:1;background:#8896a8"></i></div>
</body>
"""


def main() -> None:
    """Draw it with the browser that the tests use."""
    icon = (
        (HERE / "static" / "favicon.svg").read_text(encoding="utf-8").replace("<svg ", '<svg width="72" height="72" ')
    )
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 630})
        page.set_content(CARD.replace("ICON", icon))
        page.screenshot(path=HERE / "static" / "card.png")
        browser.close()


if __name__ == "__main__":
    main()
