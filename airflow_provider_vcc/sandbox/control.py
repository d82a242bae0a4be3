"""The other end of ``SandboxProcess``: a sandbox that is told what to do over its standard input."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.sandbox.faults.rejections import RejectSome
from airflow_provider_vcc.sandbox.faults.spec import parse
from airflow_provider_vcc.sandbox.server import Sandbox

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["obey"]


def obey(commands: TextIO, replies: TextIO) -> None:
    """Be that process: read commands until they end."""
    options = json.loads(commands.readline())
    options["faults"] = parse(options["faults"])
    if options.get("reject"):
        options["reject"] = RejectSome(**options["reject"])
    try:
        sandbox = Sandbox(**options).start()
    except Exception as error:  # noqa: BLE001 -- the other side raises it
        _reply(replies, {"error": str(error)})
        return
    try:
        known = {"url": sandbox.url, "customer": sandbox.settings.customer, "token": sandbox.settings.token}
        _reply(replies, {"result": known})
        for line in commands:
            _reply(replies, _done(sandbox, *json.loads(line)))
    finally:
        sandbox.stop()


def _done(sandbox: Sandbox, method: str, arguments: dict[str, Any]) -> dict[str, object]:
    try:
        if method == "set_faults":
            arguments = {"faults": parse(arguments["faults"])}
        return {"result": getattr(sandbox, method)(**arguments)}
    except Exception as error:  # noqa: BLE001 -- the other side raises it
        return {"error": str(error)}


def _reply(replies: TextIO, what: object) -> None:
    replies.write(json.dumps(what) + "\n")
    replies.flush()
