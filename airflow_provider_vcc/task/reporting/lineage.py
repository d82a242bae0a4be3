"""What OpenLineage is told of a run: where the elements came from, where they went, and how many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.redaction import public_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.openlineage.extractors import OperatorLineage

    from airflow_provider_vcc.documents import Summary

__all__ = ["lineage_of", "path_dataset"]

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30})://")
COUNTED = ("total", "applied", "rejected", "invalid", "unknown", "not_sent", "failed", "requests", "resumed")


def lineage_of(summary: Summary | None, customer: str, inputs: Sequence[tuple[str, str]]) -> OperatorLineage[Any, Any]:
    """Return what is known of a run.

    :param summary: its counts; None if it did not get so far, so that nothing is known.
    :param customer: whose call centre the elements went to.
    :param inputs: namespace and name of each input dataset.
    """
    from airflow.providers.openlineage.extractors import OperatorLineage

    if summary is None:
        return OperatorLineage()
    return OperatorLineage(
        inputs=[_input(namespace, name, summary) for namespace, name in inputs],
        outputs=[_output(customer, summary)],
        run_facets={"vcc_outcomes": _outcomes(summary)},
    )


def _input(namespace: str, name: str, summary: Summary) -> object:
    from airflow.providers.common.compat.openlineage.facet import InputDataset
    from openlineage.client.generated.data_quality_metrics_input_dataset import DataQualityMetricsInputDatasetFacet

    metrics = DataQualityMetricsInputDatasetFacet(columnMetrics={}, rowCount=summary["total"])
    return InputDataset(namespace=namespace, name=name, inputFacets={"dataQualityMetrics": metrics})


def _output(customer: str, summary: Summary) -> object:
    from airflow.providers.common.compat.openlineage.facet import OutputDataset, OutputStatisticsOutputDatasetFacet

    statistics = OutputStatisticsOutputDatasetFacet(rowCount=summary["applied"])
    return OutputDataset(
        namespace=f"vcc://{customer}",
        name=f"projects/{summary['project_id']}",
        outputFacets={"outputStatistics": statistics},
    )


def _outcomes(summary: Mapping[str, object]) -> object:
    """Return the counts of outcomes as a facet of the run."""
    from airflow.providers.common.compat.openlineage.facet import RunFacet

    return RunFacet().with_additional_properties(**{name: summary[name] for name in COUNTED})


def path_dataset(path: str) -> tuple[str, str]:
    """Return namespace and name of a file, as OpenLineage names datasets: without credentials or connection ids."""
    path = public_name(path)
    found = _URL.search(path)
    if found is None:
        return "file", path
    place, slash, name = path[found.end() :].partition("/")
    scheme = found[1].lower()
    if scheme == "file":
        return "file", slash + name
    return f"{scheme}://{place.rpartition('@')[2]}", name or "/"
