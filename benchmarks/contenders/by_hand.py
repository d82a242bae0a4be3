"""A loop with requests, as one writes it in an afternoon: one request after another, the answers counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests

CHUNK = 500


def run(path: str, port: int, **_: Any) -> int:
    """Send a file of JSON Lines, and return how many elements were answered."""
    url = f"http://127.0.0.1:{port}/v2/projects/17/records/dispositions"
    session = requests.Session()
    session.auth = ("mycc", "token")

    def send(elements: list[dict[str, Any]]) -> int:
        answer = session.put(url, json={"elements": elements}, timeout=60)
        answer.raise_for_status()
        return len(answer.json()["response"])

    settled = 0
    chunk = []
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            chunk.append(json.loads(line))
            if len(chunk) == CHUNK:
                settled += send(chunk)
                chunk = []
    return settled + (send(chunk) if chunk else 0)
