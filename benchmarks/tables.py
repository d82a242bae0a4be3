"""A run's results as Markdown tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from benchmarks.goals import GOALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.goals import Goal

__all__ = ["NAMES", "comparison", "everything", "filled"]

Results = dict[str, Any]

NAMES = {
    "ours": "this package",
    "by_hand": "`requests`, a loop by hand",
    "thread_pool": "the same with a thread pool",
    "parallel_bulk": "elasticsearch-py's `parallel_bulk`",
    "dlt_destination": "dlt's custom destination",
    "http_operator": "a mapped `HttpOperator`",
    "ceiling": "msgspec and http.client alone",
}


def everything(results: Results) -> str:
    """Return all tables of a full run."""
    return "\n\n".join(part(results) for part in PARTS.values())


def filled(page: str, results: Results) -> str:
    """Return a page with the tables put between its marks ``<!-- figures: NAME -->`` and ``<!-- end -->``."""

    def fill(found: re.Match[str]) -> str:
        return f"{found[1]}\n{PARTS[found[2]](results)}\n<!-- end -->"

    return re.sub(r"(<!-- figures: (\w+) -->)\n.*?<!-- end -->", fill, page, flags=re.DOTALL)


def comparison(results: Results, before: Results, bad: Sequence[Goal]) -> str:
    """Return each goal's figure beside the committed one."""
    rows = [
        (
            goal.what,
            goal.text,
            goal.form.format(goal.value(before)),
            goal.form.format(goal.value(results)),
            "WORSE" if goal in bad else "ok",
        )
        for goal in GOALS
    ]
    return f"{_machine(results)}\n\n" + _table(("what", "goal", "committed", "now", ""), rows)


def _machine(results: Results) -> str:
    it = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in it["versions"].items())
    return f"{it['day']}: {it['cores']} cores of {it['cpu']}, {it['system']}, Python {it['python']}; {versions}"


def _goals(results: Results) -> str:
    rows = [
        (goal.what, goal.text, goal.form.format(goal.value(results)), "met" if goal.met(results) else "NOT MET")
        for goal in GOALS
    ]
    return _table(("what", "goal", "reached", "so it is"), rows)


def _speed(results: Results) -> str:
    speeds = results["side_by_side"]
    hand = speeds["by_hand"]["elements_per_second"]
    rows = [
        (
            name,
            f"{speed['elements_per_second']:,.0f}",
            f"{speed['elements_per_second'] / hand:.2f}",
            f"{speed['cpu_us']:.2f}" if "server_us" in speed else "",
            f"{speed['growth_mib']:+.1f}" if "growth_mib" in speed else "",
        )
        for key, name in NAMES.items()
        if (speed := speeds.get(key))
    ]
    return _table(("200,000 elements", "elements/s", "over by hand", "CPU us/element", "memory MiB"), rows)


def _memory(results: Results) -> str:
    rows = [
        (kind, f"{row['few_mib']:.1f}", f"{row['many_mib']:.1f}", f"{row['growth_mib']:+.1f}")
        for kind, row in results["memory"].items()
    ]
    return _table(("peak MiB", "10,000", "1,000,000", "growth"), rows)


def _growth(results: Results) -> str:
    rows = [
        (f"{int(size):,}", *(f"{row[key]:.2f}" for key in ("seconds", "us", "cpu_us", "peak_mib")))
        for size, row in results["growth"].items()
    ]
    return _table(("elements", "seconds", "us/element", "CPU us/element", "peak MiB"), rows)


def _sources(results: Results) -> str:
    return _table(("input", "elements/s"), [(kind, f"{rate:,.0f}") for kind, rate in results["sources"].items()])


def _spreadsheets(results: Results) -> str:
    rows = [(kind, f"{row['over_jsonl']:.1f}") for kind, row in results["spreadsheets"].items()]
    return _table(("200,000 elements", "CPU over jsonl"), rows)


def _store(results: Results) -> str:
    rows = [
        (size, *(f"{cell['elements_per_second']:,.0f}" for cell in row.values()))
        for size, row in results["store"].items()
    ]
    windows = next(iter(results["store"].values()))
    return _table(("13 ms a write: chunk_size", *(f"{window} in flight" for window in windows)), rows)


def _airflow(results: Results) -> str:
    rows = [(settings, f"{rate:,.0f}") for settings, rate in results["airflow"].items()]
    return _table(("in Airflow: chunk_size x in flight", "elements/s"), rows)


def _pace(results: Results) -> str:
    rows = [(name, f"{row['worst_second']:.3f}", f"{row['rate']:.3f}") for name, row in results["pace"].items()]
    return _table(("pace", "worst second", "rate"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _window(results: Results) -> str:
    rows = [(store, f"{row['share']:.3f}") for store, row in results["window"].items()]
    return _table(("answers after 0.25 s, 64 chunks, 8 in flight", "share of the ideal"), rows)


def _retry(results: Results) -> str:
    rows = [
        (name, f"{row['elements_per_second']:,.0f}", f"{row['sent_again']:,}", f"{row['state_bytes']:,}")
        for name, row in results["retry"].items()
    ]
    return _table(("1,000,000 elements", "elements/s", "sent again", "bytes of state"), rows)


def _mariadb(results: Results) -> str:
    rows = [
        (name, f"{row['rows_per_second']:,.0f}", f"{row['cpu_us']:.1f}", f"{row['growth_mib']:+.1f}")
        for name, row in results["mariadb"].items()
    ]
    return _table(("1,000,000 rows of MariaDB", "rows/s", "CPU us/row", "memory MiB over 100,000 rows"), rows)


def _synced(results: Results) -> str:
    rows = [
        (
            name,
            f"{row['rows_per_second']:,.0f}",
            f"{row['seconds']:.1f}",
            f"{row['cpu']:.1f}",
            f"{row['growth_kib'] / 1024:+.1f}",
            f"{row['sent']:,}",
            f"{row['requests']:,}",
        )
        for name, row in results["synced"].items()
    ]
    return _table(("1,000,000 rows", "rows/s", "seconds", "CPU s", "memory MiB", "sent", "requests"), rows)


def _limit(results: Results) -> str:
    rows = [
        (
            f"{name}, noise {noise}",
            f"{cell['best']:,.0f}",
            f"{cell['small']}",
            _ranged(cell, "rate"),
            _ranged(cell, "p95"),
            f"{cell['four']:.2f}",
            f"{cell['most_p95']:.1f}",
            _ranged(cell, "short"),
        )
        for name, noises in results["limit"]["cells"].items()
        for noise, cell in noises.items()
    ]
    head = (
        "200,000 elements, 500 a request",
        "best fixed: el/s",
        "with",
        "auto: rate",
        "auto: p95",
        "4: rate",
        "32: p95",
        "10 chunks over 4",
    )
    return _table(head, rows)


def _sandbox(results: Results) -> str:
    rows = [
        (
            f"{name}: {row['requests']} requests",
            f"{row['best']:.1f}",
            f"{row['small']}",
            _ranged(row, "rate"),
            _ranged(row, "p95"),
            f"{row['four']:.2f}",
            f"{row['most_p95']:.1f}",
        )
        for name, row in results["sandbox"].items()
    ]
    head = ("in real time", "best fixed: requests/s", "with", "auto: rate", "auto: p95", "4: rate", "32: p95")
    return _table(head, rows)


def _ranged(cell: Mapping[str, Any], name: str) -> str:
    least, most = (f"{value:.2f}" for value in cell[f"{name}s"])
    return least if least == most else f"{cell[name]:.2f} ({least} to {most})"


PARTS = {
    "machine": _machine,
    "goals": _goals,
    "speed": _speed,
    "memory": _memory,
    "growth": _growth,
    "sources": _sources,
    "spreadsheets": _spreadsheets,
    "store": _store,
    "airflow": _airflow,
    "window": _window,
    "pace": _pace,
    "retry": _retry,
    "limit": _limit,
    "sandbox": _sandbox,
    "mariadb": _mariadb,
    "synced": _synced,
}
"""Tables by the names that pages call them by."""
