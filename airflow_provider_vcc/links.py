"""The operator link "VCC report"."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from airflow_provider_vcc._compat import BaseOperatorLink, airflow_version, conf

__all__ = ["VccReportLink"]

WITH_TABS, WITH_NEW_UI = (3, 1), (3, 0)


class VccReportLink(BaseOperatorLink):
    """Leads from a task instance to its report, also for a failed or skipped one.

    Airflow shows it when a try has ended, whichever way. Before Airflow 3.1, where a browser cannot sign in to a page
    of ours, it leads to the XComs of the task.
    """

    name: ClassVar[str] = "VCC report"
    xcom_key: ClassVar[str] = "vcc_report_link"

    def get_link(self, operator: object, *, ti_key: Any) -> str:  # noqa: ARG002 -- Airflow calls it so
        """Return the address: relative to Airflow's base, so that it holds wherever Airflow is served."""
        dag, run, task = (quote(name, safe="") for name in (ti_key.dag_id, ti_key.run_id, ti_key.task_id))
        version, index = airflow_version(), ti_key.map_index
        if version >= WITH_TABS:
            return f"vcc/report/{dag}/{run}/{task}?{urlencode({'map_index': index})}"
        if version >= WITH_NEW_UI:
            mapped = "" if index is None or index < 0 else f"/mapped/{index}"
            return f"dags/{dag}/runs/{run}/tasks/{task}{mapped}/xcom"
        query = {"dag_run_id": ti_key.run_id, "task_id": ti_key.task_id, "map_index": index, "tab": "xcom"}
        base = conf.get("webserver", "base_url", fallback="").rstrip("/")
        return f"{base}/dags/{dag}/grid?{urlencode(query)}"
