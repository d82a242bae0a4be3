"""Ask axe-core what is wrong with a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

GRAVE = {"serious", "critical"}
TAGS = [
    *("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"),
    *("best-practice", "experimental"),
]
"""All of axe's rules but those of WCAG's level AAA."""


def findings(frame, *rules):
    """Return all that axe-core finds in a page or a frame, however slight, with the first place of each.

    :param rules: ask only for these.
    """
    return [said for _, said in _found(frame, rules)]


def grave_findings(frame, *rules):
    """Return the same if it is serious or critical: for pages whose frame is another project's."""
    return [said for impact, said in _found(frame, rules) if impact in GRAVE]


def _found(frame, rules):
    asked = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": TAGS}
    results = Axe().run(frame, options={"runOnly": asked, "resultTypes": ["violations"]}).response
    for finding in results["violations"]:
        place = finding["nodes"][0]["html"][:200]
        yield finding["impact"], f"{finding['impact']} {finding['id']}: {finding['help']} ({place})"
