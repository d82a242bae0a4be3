"""Ask axe-core what is wrong with a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

GRAVE = {"serious", "critical"}


def grave_findings(frame, *rules):
    """Return what axe-core finds serious or critical in a page or a frame, with the first place of each.

    :param rules: ask only for these.
    """
    options = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else None
    results = Axe().run(frame, options=options).response
    return [
        f"{finding['id']}: {finding['help']} ({finding['nodes'][0]['html'][:200]})"
        for finding in results["violations"]
        if finding["impact"] in GRAVE
    ]
