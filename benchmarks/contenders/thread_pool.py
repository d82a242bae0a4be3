"""The loop by hand with a thread pool: ``executor.map`` over the chunks, which reads the whole file first."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 500
THREADS = 4


def _chunks(path: str) -> Iterator[list[dict[str, Any]]]:
    chunk = []
    with Path(path).open(encoding="utf-8") as lines:
        for line in lines:
            chunk.append(json.loads(line))
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
    if chunk:
        yield chunk


def run(path: str, port: int, **_: Any) -> int:
    """Send a file of JSON Lines, and return how many elements were answered."""
    url = f"http://127.0.0.1:{port}/v2/projects/17/records/dispositions"
    session = requests.Session()
    session.auth = ("mycc", "token")

    def send(elements: list[dict[str, Any]]) -> int:
        answer = session.put(url, json={"elements": elements}, timeout=60)
        answer.raise_for_status()
        return len(answer.json()["response"])

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(send, _chunks(path)))
