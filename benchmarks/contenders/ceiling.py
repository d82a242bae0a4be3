"""msgspec and http.client alone: decode each line, encode each body, decode each answer; nothing checked or counted.

This is the least that a client in Python can do that looks at every element once.
"""

from __future__ import annotations

import http.client
from pathlib import Path
from typing import Any

import msgspec

CHUNK = 500
HEADERS = {"Content-Type": "application/json"}


def run(path: str, port: int, **_: Any) -> int:
    """Send a file of JSON Lines, and return how many elements went out."""
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def send(elements: list[Any]) -> int:
        connection.request("PUT", "/v2/projects/17/records/dispositions", encode({"elements": elements}), HEADERS)
        decode(connection.getresponse().read())
        return len(elements)

    sent = 0
    chunk = []
    with Path(path).open("rb") as lines:
        for line in lines:
            chunk.append(decode(line))
            if len(chunk) == CHUNK:
                sent += send(chunk)
                chunk = []
    return sent + (send(chunk) if chunk else 0)
