"""The operator link "VCC report"."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from airflow_provider_vcc._compat import BaseOperatorLink, airflow_version, conf

__all__ = ["VccReportLink"]

WITH_PAGES = (3, 0)


class VccReportLink(BaseOperatorLink):
    """Leads from a task instance to its report, also for a failed or skipped one.

    Airflow shows it when a try has ended, whichever way. Before Airflow 3 there is no page, and it leads to the XComs.
    """

    name: ClassVar[str] = "VCC report"
    xcom_key: ClassVar[str] = "vcc_report_link"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:  # noqa: ARG002 -- Airflow calls it so
        """Give the address: relative to Airflow's base, so that it holds wherever Airflow is served."""
        names = (ti_key.dag_id, ti_key.run_id, ti_key.task_id)
        if airflow_version() < WITH_PAGES:
            return _xcom_tab(*names, ti_key.map_index)
        path = "/".join(quote(name, safe="") for name in names)
        return f"vcc/report/{path}?{urlencode({'map_index': ti_key.map_index})}"


def _xcom_tab(dag_id: str, run_id: str, task_id: str, map_index: int) -> str:
    base = conf.get("webserver", "base_url", fallback="").rstrip("/")
    query = {"dag_run_id": run_id, "task_id": task_id, "map_index": map_index, "tab": "xcom"}
    return f"{base}/dags/{quote(dag_id, safe='')}/grid?{urlencode(query)}"
