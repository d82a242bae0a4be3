"""What the Test button answers: a sentence of what works, or the likeliest cause and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from airflow_provider_vcc._compat import AirflowNotFoundException
from airflow_provider_vcc.exceptions import VccAuthenticationError, VccError, VccNotFoundError, VccTransportError
from airflow_provider_vcc.hooks.calls import Call
from airflow_provider_vcc.hooks.session import VccSession

if TYPE_CHECKING:
    from airflow_provider_vcc.hooks.connection import Settings

__all__ = ["diagnose"]

LONGEST_WAIT = 20.0
"""Seconds that somebody who pressed a button waits at most."""
UNAUTHORISED = 401


class Tested(Protocol):
    """The hook, as far as it is needed here."""

    vcc_conn_id: str

    @property
    def settings(self) -> Settings: ...
    @property
    def customer(self) -> str: ...
    @property
    def base_url(self) -> str: ...


def diagnose(hook: Tested) -> tuple[bool, str]:
    """List the projects once, and return what came of it. Never raise, and show no secret."""
    try:
        settings = hook.settings.with_longest_wait(LONGEST_WAIT)
        with VccSession(settings, 1, LONGEST_WAIT) as session:
            projects = Call(session, "GET", "/projects").send()
    except VccError as error:
        return False, _cause(error, hook)
    except AirflowNotFoundException:
        return False, f"There is no connection {hook.vcc_conn_id!r}."
    except Exception as error:  # noqa: BLE001 -- whatever it is, the person at the form gets a sentence
        return False, f"The connection could not be tested ({type(error).__name__}): see the log of the API server."
    return True, " ".join([_success(hook, projects), *(f"{hint}." for hint in hook.settings.hints())])


def _success(hook: Tested, projects: object) -> str:
    count = len(projects) if isinstance(projects, list | dict) else 0
    seen = {0: "no projects, though", 1: "one project"}.get(count, f"{count} projects")
    return f"VCC Live answers as customer {hook.customer!r} and shows {seen}."


def _cause(error: VccError, hook: Tested) -> str:
    if isinstance(error, VccAuthenticationError):
        if error.status == UNAUTHORISED:
            return "Wrong token or customer (401): check Password (the API token) and Login (the customer's subdomain)."
        advice = str(error).partition(": ")[2]
        return f"Access refused (403): {advice}. Ask your VCC Live administrator to add the address, or the right."
    if isinstance(error, VccNotFoundError):
        return f"No VCC API at {hook.base_url} (404): check Host, or leave it empty."
    text = str(error).removeprefix("GET /projects: ").removeprefix(f"connection {hook.vcc_conn_id!r}: ")
    advice = " Try again later." if isinstance(error, VccTransportError) and error.status and error.transient else ""
    named = "_" in text.partition(" ")[0]  # such as https_proxy
    return f"{text if named else text[:1].upper() + text[1:]}.{advice}"
