"""The envelope as PHP may write it: an empty map as ``[]``, a map with keys 0..n-1 as a list."""

from __future__ import annotations

import json

__all__ = ["SHAPES", "as_json"]

SHAPES = ("map", "php", "list")


def as_json(errors: list[dict[str, object]], response: object, shape: str) -> bytes:
    """Write the envelope.

    ``map``: the indexes that were done as an object, as the documentation prints it. ``php``: what ``json_encode``
    makes of that. ``list``: one entry for each index, false if there is an error.
    """
    return json.dumps({"errors": errors, "response": _shaped(errors, response, shape)}).encode()


def _shaped(errors: list[dict[str, object]], response: object, shape: str) -> object:
    if not isinstance(response, dict) or any(isinstance(key, str) for key in response):
        return response
    if shape == "list":
        failed = {error["index"] for error in errors if "index" in error}
        return [index not in failed for index in range(len(response) + len(failed))]
    if shape == "php" and list(response) == list(range(len(response))):
        return list(response.values())
    return response
