"""elasticsearch-py's ``parallel_bulk``: its chunker, thread pool, serializer and transport, as they come.

Only what is Elasticsearch's own is replaced: the request's body is ours, and an answer's ``response`` is read as the
``items`` that the helper expects. The answers come as JSON by name, since the transport would not decode them else.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from elasticsearch import Elasticsearch, helpers

CHUNK = 500
THREADS = 4
HEADERS = {"content-type": "application/json", "accept": "application/json"}


class Client(Elasticsearch):
    """A client whose bulk request is a batch of dispositions."""

    def bulk(self, *, operations: list[bytes], **_: Any) -> Any:
        """Send what the helper has packed: an action's line and an element's line in turn."""
        body = b'{"elements":[' + b",".join(operations[1::2]) + b"]}"
        target = "/v2/projects/17/records/dispositions"
        answer = self.transport.perform_request("PUT", target, body=body, headers=HEADERS)
        response = json.loads(answer.body)["response"]
        items = [{"index": {"status": 200 if said else 400}} for said in response.values()]
        return SimpleNamespace(body={"items": items})


def run(path: str, port: int, **_: Any) -> int:
    """Send a file of JSON Lines, and return how many elements were answered."""
    warnings.simplefilter("ignore")
    client = Client(f"http://127.0.0.1:{port}", basic_auth=("mycc", "token"), connections_per_node=THREADS)
    with Path(path).open(encoding="utf-8") as lines:
        actions = ({"_op_type": "index", "_source": json.loads(line)} for line in lines)
        results = helpers.parallel_bulk(client, actions, thread_count=THREADS, chunk_size=CHUNK)
        return sum(ok for ok, _ in results)
