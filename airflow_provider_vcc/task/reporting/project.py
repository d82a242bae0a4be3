"""Which project this is: its name, asked once, and never a reason to fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from logging import getLogger
from typing import TYPE_CHECKING

from airflow_provider_vcc.exceptions import VccError
from airflow_provider_vcc.redaction import redacted

if TYPE_CHECKING:
    from airflow_provider_vcc.hooks.vcc import VccHook

__all__ = ["Project", "look_up"]

ANSWER_SECONDS, CONNECT_SECONDS = 5.0, 3.0
MOST_NAME = 100


@dataclass(frozen=True)
class Project:
    """What ``GET /v2/projects`` says of a project.

    :param exists: None if no answer came, or none that can be read.
    :param name: None where there is none.
    """

    exists: bool | None
    name: str | None = None

    def said(self, project_id: int) -> str:
        """Return a sentence for the log."""
        if self.exists is None:
            return f"The service did not say whether project {project_id} exists"
        if not self.exists:
            return f"There is no project {project_id} that this token may see: check project_id"
        return f"Project {project_id} exists" + (f": {self.name}" if self.name else "")


def look_up(hook: VccHook, project_id: int) -> Project:
    """Ask for the list of projects, once and for a few seconds. Nothing is raised.

    :param hook: its connection; the request goes over a session of its own.
    """
    from airflow_provider_vcc.hooks.calls import Call, run
    from airflow_provider_vcc.hooks.session import VccSession

    try:
        settings = hook.settings
        hurried = replace(
            settings,
            timeout=min(settings.timeout, ANSWER_SECONDS),
            connect_timeout=min(settings.connect_timeout, CONNECT_SECONDS),
        )
        with closing(VccSession(hurried, 1)) as session:
            projects = run(Call(session, "GET", "/projects", None, None), 1, getLogger(__name__))
    except (VccError, OSError):
        return Project(None)
    project = _found(projects, project_id)
    return replace(project, name=redacted(project.name, settings.secrets)) if project.name else project


def _found(projects: object, project_id: int) -> Project:
    if isinstance(projects, Mapping):
        projects = list(projects.values())
    if not isinstance(projects, Sequence) or isinstance(projects, str | bytes):
        return Project(None)
    for project in projects:
        if isinstance(project, Mapping) and str(project.get("projectid")) == str(project_id):
            name = " ".join(str(project.get("name") or "").split())
            return Project(exists=True, name=name[:MOST_NAME] or None)
    return Project(exists=False)
