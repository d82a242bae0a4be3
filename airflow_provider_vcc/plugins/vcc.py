"""The pages "VCC" in Airflow's UI. Imported by every process of Airflow, so its top level brings nothing along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_vcc._compat import AirflowPlugin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

__all__ = ["LazyReportApp", "VccPlugin"]

REPORT = "vcc/report/{DAG_ID}/{RUN_ID}/{TASK_ID}?map_index={MAP_INDEX}"
RUN = "vcc/runs/{DAG_ID}/{RUN_ID}"
LATEST = "vcc/runs"
"""Without a leading slash, so that it holds also where Airflow is served under a path."""


class LazyReportApp:
    """The ASGI app that serves the report; it is imported when it is first asked for something."""

    async def __call__(
        self,
        scope: MutableMapping[str, object],
        receive: Callable[[], Awaitable[MutableMapping[str, object]]],
        send: Callable[[MutableMapping[str, object]], Awaitable[None]],
    ) -> None:
        """Serve a request."""
        from airflow_provider_vcc.plugins.app import app

        await app()(scope, receive, send)


class VccPlugin(AirflowPlugin):
    """Serves the report and the overview, as tabs and in the menu: Airflow 3.1 and later.

    Airflow 3.0 serves them to API clients.
    """

    name = "vcc"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [  # type: ignore[misc]  # Airflow forgot to say that it is one
        {"app": LazyReportApp(), "url_prefix": "/vcc", "name": "VCC report"}
    ]
    external_views: ClassVar[list[dict[str, Any]]] = [  # type: ignore[misc]  # likewise
        {"name": "VCC", "href": REPORT, "destination": "task_instance", "url_route": "vcc"},
        {"name": "VCC", "href": RUN, "destination": "dag_run", "url_route": "vcc-run"},
        {"name": "VCC", "href": LATEST, "destination": "nav", "url_route": "vcc-runs"},
    ]
