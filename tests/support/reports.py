"""Runs to draw: what ``summary`` and ``report`` hold, and what Airflow says beside them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from airflow_provider_vcc.report.overview import RunRow
from airflow_provider_vcc.report.reading.context import Instance
from airflow_provider_vcc.report.reading.figures import read_figures

NOW = datetime(2026, 11, 24, 6, 1, 18, tzinfo=UTC)
STARTED = "2026-11-24T06:00:00+00:00"
UPDATED = "2026-11-24T06:01:15+00:00"
CHUNKS = ((0, 500), (0.3, 250), (0.35, 125), (0.5, 250), (0.7, 500))
OUTCOMES = ("applied", "rejected", "invalid", "unknown", "not_sent")

KINDS = [
    (417, "error.unknown_record"),
    (None, "next_calldate is not a valid date; use YYYY-MM-DD HH:MM:SS, or set date_format"),
    (417, "error.record_in_call"),
    (504, "no answer within 60 s"),
    (None, "superseded by position 11204"),
]


def summary(applied=0, rejected=0, invalid=0, unknown=0, not_sent=0, *, duration=75.0, **more):
    """Make a ``summary`` of these outcomes."""
    counts = dict(zip(OUTCOMES, (applied, rejected, invalid, unknown, not_sent), strict=True))
    failed, total = rejected + invalid + unknown, sum(counts.values())
    return {
        "project_id": 17,
        "total": total,
        **counts,
        "failed": failed,
        "error_rate": failed / total if total else 0.0,
        "requests": -(-total // 500),
        "resumed": 0,
        "errors": errors(failed, size=total),
        "failures_path": "s3://aws_default@exports/failed/2026-11-24.jsonl" if failed else None,
        "duration": duration,
        "elements_per_second": round((applied + failed) / duration, 1) if duration else 0.0,
    } | more


def errors(failed, kinds=KINDS, size=12_000):
    """Share out failed elements among kinds of error, most of them to the first."""
    rows = []
    for code, message in kinds:
        count = failed if (code, message) == kinds[-1] else (failed * 3 + 4) // 5
        failed -= count
        if count:
            positions = sorted(random.Random(count).sample(range(size), min(count, 10)))
            records = [str(100_000 + 7 * position) for position in positions]
            row = {"errorcode": code, "errormessage": message, "count": count, "positions": positions}
            rows.append(row | {"records": records})
    return sorted(rows, key=lambda row: -row["count"])


def failed(figures, most=1_000):
    """Make the failed records one by one that go with a ``summary``."""
    rows = []
    for number, row in enumerate(figures["errors"]):
        known = row.get("positions", ())
        for one in range(min(row["count"], most - len(rows))):
            position = known[one] if one < len(known) else (one * 4_241 + number * 17) % 12_000
            search = "name, city" if one % 40 == 39 else None
            rows.append([position, None if search else str(100_000 + 7 * position), "rejected", number, search, None])
    reasons = [[row.get("errorcode"), row["errormessage"]] for row in figures["errors"]]
    return {"reasons": reasons, "rows": sorted(rows, key=lambda row: row[0])}


def lines(figures, more):
    """Make the same, each with its line or row in the file, so many more than its position."""
    found = failed(figures)
    return found | {"rows": [[*row[:5], row[0] + more] for row in found["rows"]]}


def report(figures, *, max_errors=None, max_error_rate=None, **more):
    """Make a ``report`` that goes with a ``summary``: curves, chunk sizes, the threshold."""
    duration, settled = figures["duration"], figures["total"] - figures["not_sent"]
    return {
        "version": 1,
        "state": "done",
        "started": STARTED,
        "updated": UPDATED,
        "timezone": "Europe/Budapest",
        "try_number": 1,
        "project_name": "Alumni",
        "disposition": {"dispositionid": "2", "next_calldate": "2026-12-24 13:00:00"},
        "source": "s3://exports/changes/2026-11-24.jsonl",
        "expected": figures["total"],
        "share": 1.0,
        "threshold": {"max_errors": max_errors, "max_error_rate": max_error_rate},
        "breached": False,
        "soft_fail": False,
        "validate_only": False,
        "error": None,
        "error_kind": None,
        "read": figures["total"],
        "sizes": [125, 500],
        "most_at_once": 4,
        "failed": failed(figures),
        "curve": curve(duration, settled, figures["failed"]),
        "chunks": [
            [0.0, 500],
            [duration * 0.3, 250],
            [duration * 0.35, 125],
            [duration * 0.5, 250],
            [duration * 0.7, 500],
        ],
        "halvings": 2,
        "retries": 3,
        "waits": round(duration / 20, 1),
        "tries": [],
    } | more


def curve(duration, settled, failed, points=90):
    """Make a cumulative curve that has its ups and downs."""
    chance = random.Random(7)
    weights = [chance.uniform(0.7, 1.2) * (0.25 if points * 0.3 < i < points * 0.5 else 1) for i in range(points)]
    done, found = [0.0], [[0.0, 0, 0]]
    for i, weight in enumerate(weights, 1):
        done.append(done[-1] + weight)
        share = done[-1] / sum(weights)
        found.append([duration * i / points, round(settled * share), round(failed * min(1, share * share * 1.1))])
    return found


DOWN = {
    "error": "VCC does not serve requests: 5 failures in a row, the last one: the server failed (503). The rest was "
    "not sent; the next try goes on from here",
    "error_kind": "VccUnavailable",
}
TOKEN = {
    "error": "VCC refused the credentials (401): is the token that of the customer mycc, and is this machine's IP "
    "address on the API's allow-list?",
    "error_kind": "VccAuthenticationError",
}
BROKEN = {
    "error": 'export.csv is not UTF-8 (line 4001, byte 6). If it comes from Excel, save it as "CSV UTF-8", or set '
    'encoding="windows-1250"',
    "error_kind": "VccInputError",
}
STOPPED = {"error": "the run was stopped; the next try goes on from what was saved", "error_kind": "VccError"}
WRONG = {"error": "connection 'vcc_default': timeout must be a number, got 'x'", "error_kind": "VccConfigurationError"}
NOT_A_NUMBER = {
    "error": "max_error_rate must be a share from 0 to 1, got '5%'; write max_error_rate=0.05",
    "error_kind": "VccConfigurationError",
}
NOT_AN_ID = {
    "error": "Record ids, line 2: write numbers only, with commas or line ends between them. Nothing was set",
    "error_kind": "VccConfigurationError",
}
NO_SHEET = {
    "error": "/opt/airflow/exports/callbacks.xlsx has no sheet 'Callback'; its sheets are 'Callbacks', 'Notes'",
    "error_kind": "VccInputError",
}
PLAIN = {"chunks": [], "halvings": 0, "retries": 0, "waits": 0}
SMALL = PLAIN | {"sizes": [8, 8], "most_at_once": 1, "source": "elements"}
NOT_KNOWN = {"curve": [], "chunks": [], "halvings": None, "retries": None, "waits": None, "source": None}
MERGED = {"failed": {}, "disposition": {}, "sizes": None, "most_at_once": None}
LIVE = {"state": "running", "expected": 12_000, "share": 0.35, "breached": None, "max_errors": 125}
TRIES = [
    {
        "try_number": 1,
        "applied": 5_000,
        "rejected": 4,
        "invalid": 0,
        "unknown": 12,
        "not_sent": 6_984,
        "requests": 12,
        "duration": 44.0,
        "error": DOWN["error"],
    },
    {
        "try_number": 2,
        "applied": 3_500,
        "rejected": 2,
        "invalid": 0,
        "unknown": 0,
        "not_sent": 3_498,
        "requests": 8,
        "duration": 21.0,
        "error": "its worker was lost",
    },
]
OLDER = {"total": 120, "applied": 118, "rejected": 2, "errors": [{"errormessage": "error.unknown_record", "count": 2}]}
STAND_ALONE = {
    "dag_id": "sync_dispositions",
    "run_id": "scheduled__2026-11-24T06:00:00+00:00",
    "task_id": "set_dispositions",
    "map_index": 3,
    "runs": "#",
    "parts": "?",
    "csv": "#",
    "home": "#",
    "themes": {"auto": "#", "light": "#", "dark": "#"},
}


def scene(figures, state, /, *, context=None, **settings):
    """Make a run: figures, the settings of its report, and what Airflow says beside them."""
    return figures, report(figures, **settings), {"state": state} | (context or {})


def shard(index):
    """Make one of many workers' figures."""
    whole = summary(11_900 - 60 * index, 95 + 50 * index, index, 1)
    return {"map_index": index} | {name: whole[name] for name in (*OUTCOMES, "total")}


def scenarios():
    """Return each run by name as (summary, report, keyword arguments of the page's ``Context``)."""
    return _not_yet() | _going_on() | _ended() | _early() | _extremes()


def _not_yet():
    ours, other = "BatchDispositionOperator", "PythonOperator"
    return {
        "waiting": (None, None, {"state": "queued", "refresh": 15, "operator": ours}),
        "not-run-yet": (None, None, {"state": None, "operator": ours}),
        "upstream-failed": (None, None, {"state": "upstream_failed", "operator": ours}),
        "just-started": (None, None, {"state": "running", "refresh": 5, "operator": ours}),
        "no-report": (None, None, {"state": "failed", "operator": ours}),
        "no-report-any-more": (None, None, {"state": "success", "operator": ours}),
        "another-operator": (None, None, {"state": "success", "operator": other}),
        "kept-elsewhere": (None, None, {"state": "success", "operator": ours, "elsewhere": "s3://xcoms/a/b/c"}),
        "mapped": (
            None,
            None,
            {"instances": [_instance(i) for i in range(5)]},
        ),
    }


def _instance(index):
    totals = {} if index % 3 == 2 else {"total": 1_200, "failed": 31 * (index % 3)}
    return Instance(index=index, state=STATES[index % 3], href=f"?i={index}", **totals)


STATES = ("success", "failed", "running")


def _going_on():
    figures = summary(4_163, 30, 5, 2, duration=26.0)
    context = {"refresh": 5, "now": NOW, "toggle": "?live=0", "try_number": 1, "tries": 3}
    file = LIVE | {"expected": None, "read": 4_600, "share": 0.36}
    query = LIVE | {"expected": None, "share": None, "source": "query of warehouse"}
    checking = summary(0, 0, 5, 0, 4_195, requests=0, duration=1.3)
    return {
        "running": scene(figures, "running", context=context, **LIVE),
        "running-size-estimated": scene(figures, "running", context=context, **file),
        "running-size-not-known": scene(figures, "running", context=context, **query),
        "running-check": scene(checking, "running", context=context, **LIVE | PLAIN, validate_only=True),
        "failed-killed": scene(figures, "failed", context={"stand_in": True}, **LIVE),
    }


def _ended():
    over, within = summary(11_963, 30, 5, 2), summary(11_880, 100, 18, 2)
    none = summary(0, 2, duration=0.8)
    form = summary(6, 2, duration=0.3, failures_path="/opt/airflow/exports/failed/manual-2026-11-24.jsonl")
    one, all_well = summary(1, duration=0.2), summary(12_000)
    changed = summary(1_204, duration=9.0, unchanged=248_796)
    return {
        "success": scene(all_well, "success"),
        "one-record": scene(one, "success", curve=[], **SMALL | {"sizes": [1, 1]}),
        "unchanged": scene(changed, "success", **PLAIN, sizes=[204, 500]),
        "success-within": scene(within, "success", max_error_rate=0.02),
        "failed": scene(over, "failed", max_errors=25, breached=True),
        "sheet": scene(
            within, "failed", breached=True, max_errors=25, source="callbacks.xlsx", failed=lines(within, 2)
        ),
        "form": scene(form, "failed", context=FORM, breached=True, curve=[], **IN_A_FORM, **SMALL),
        "failed-none-tolerated": scene(none, "failed", breached=True, curve=[], **SMALL),
        "skipped": scene(over, "skipped", max_errors=25, breached=True, soft_fail=True),
        "stand-alone": scene(within, "success", context=STAND_ALONE, max_error_rate=0.02),
        "limit-found": scene(all_well, "success", **LIMIT),
    } | _checks()


FIELDS = {
    "project_id": "Project",
    "records": "Record ids",
    "disposition": "Disposition",
    "userid": "Agent",
    "exceptions": "Records set otherwise",
    "check_only": "Check only",
}
"""What the form ``vcc_form`` calls its fields."""
FIELDS_OF_FILES = {
    "project_id": "Project",
    "path": "File",
    "encoding": "Characters",
    "date_format": "Dates look like",
    "sheet": "Sheet",
    "field_map": "Columns",
    "check_only": "Check only",
}
FORM = {
    "form_href": "#",
    "csv": "#",
    "dag_id": "vcc_form",
    "run_id": "manual__2026-11-24T06:00:00+00:00",
    "home": "#",
    "task_id": "set_dispositions",
}
IN_A_FORM = {"form": FIELDS, "disposition_name": "Not interested"}
FORM_OF_FILES = FORM | {"dag_id": "vcc_form_file"}
LIMIT = {
    "limit": [[0, 2], [3, 4], [7, 8], [15, 12], [40, 9], [50, 11]],
    "answer_times": [[1, 0.21], [5, 0.22], [10, 0.25], [20, 0.4], [38, 0.9], [45, 0.5], [60, 0.42]],
    "most_at_once": 12,
    "held_back_by": "More requests at a time would only have made answers slower.",
}


def _checks():
    unsent = {"requests": 0, "elements_per_second": 0.0, "duration": 1.3}
    bad, good = summary(0, 0, 37, 0, 11_963, **unsent), summary(0, 0, 0, 0, 8, **unsent)
    bad["errors"] = errors(37, KINDS[1:2])
    nothing = PLAIN | {"curve": [], "validate_only": True, "sizes": None, "most_at_once": None}
    return {
        "check-well": scene(good, "success", **nothing),
        "check-failed": scene(bad, "failed", max_errors=25, breached=True, **nothing),
    }


def _early():
    stopped, none = summary(4_000, 12, 0, 25, 7_963), summary(0, 0, 0, 0, 12_000, duration=0.4, requests=1)
    nothing = summary(duration=0.1, requests=0)
    of = {"try_number": 1, "tries": 3}
    bare = PLAIN | {"curve": [], "sizes": None, "most_at_once": None}
    return {
        "service-down": scene(stopped, "failed", max_errors=100, **DOWN),
        "up-for-retry": scene(stopped, "up_for_retry", context=of, max_errors=100, **DOWN),
        "wrong-token": scene(none, "failed", **bare, **TOKEN),
        "file-breaks-off": scene(summary(4_000, 3, duration=9.0), "failed", max_errors=100, **BROKEN),
        "file-unreadable": scene(nothing, "failed", **bare, **BROKEN),
        "wrong-settings": scene(nothing, "failed", **bare, **WRONG),
        "stopped": scene(summary(4_000, 12, 0, 25, 7_963), "failed", max_errors=100, **STOPPED),
        **_before_the_run(),
    }


def _before_the_run():
    """Make the tasks that end before their run begins, which leave no more than why."""
    nothing = summary(duration=0.0, requests=0)
    said = {"version": 1, "state": "done", "started": STARTED, "updated": UPDATED, **NOT_A_NUMBER}
    waiting, failed = {"state": "up_for_retry", "try_number": 1, "tries": 3}, {"state": "failed"}
    return {
        "before-its-run": (nothing, said, {"state": "failed"}),
        "before-its-run-again": (nothing, said | {"tries": TRIES, "try_number": 3}, {"state": "failed"}),
        "before-its-run-waiting": (nothing, said, waiting),
        "form-refused": (nothing, said | NOT_AN_ID | {"form": FIELDS}, failed | FORM),
        "form-file-refused": (nothing, said | NO_SHEET | {"form": FIELDS_OF_FILES}, failed | FORM_OF_FILES),
    }


def _extremes():
    tiny, empty = summary(1, 1, duration=0.3), summary(duration=0.2, requests=0)
    rows = [
        {
            "errorcode": 417 + i % 7,
            "errormessage": f"error.kind_{i:03}",
            "count": 1,
            "positions": [i * 37],
            "records": [str(i)],
        }
        for i in range(300)
    ]
    third = {"try_number": 3, "tries": 4}
    shards = [shard(index) for index in range(4)]
    resumed = summary(11_990, 10, resumed=8_500, duration=31.0)
    many = summary(118_000, 1_800, 150, 50, duration=400.0)
    return {
        "empty": scene(empty, "success", **PLAIN | {"curve": [], "sizes": None, "most_at_once": None}),
        "tiny": scene(tiny, "success", max_errors=1, curve=[[0.3, 2, 1]], **SMALL | {"sizes": [2, 2]}),
        "huge": scene(summary(99_999_100, 800, 60, 40, duration=41_000.0), "success", max_error_rate=0.001),
        "thousand-failed": scene(many, "failed", max_errors=100, breached=True, context={"csv": "#"}),
        "300-kinds": scene(summary(11_700, 300, errors=rows), "success", max_errors=500),
        "retried": scene(resumed, "success", context=third, max_errors=25, tries=TRIES, try_number=3),
        "shards": scene(
            summary(47_600, 380, 15, 5),
            "failed",
            max_error_rate=0.005,
            breached=True,
            shards=shards,
            **NOT_KNOWN,
            **MERGED,
        ),
        "older-version": (OLDER, None, {"state": "success"}),
    }


def overviews():
    """Return the keyword arguments of each overview by name."""
    rows = [_overview_row(index, name) for index, name in enumerate(LISTED)]
    parts = RunRow(dag_id="nightly", run_id="r", task_id="sync", state="success", when=NOW, parts=8, href="#")
    waiting = RunRow(dag_id="vcc_form", run_id="r", task_id="set_dispositions", state="queued", when=NOW, href="#")
    one = {"dag_id": "vcc_form", "run_id": "manual__2026-11-24T06:00:00+00:00"}
    return {
        "overview": {"rows": [waiting, *rows, parts], "more": True, "refresh": 15},
        "overview-empty": {"rows": []},
        "overview-of-a-run": {"rows": rows[:1], **one},
        "overview-of-a-run-empty": {"rows": [], **one},
    }


LISTED = (
    "running",
    "form",
    "success",
    "failed",
    "success-within",
    "service-down",
    "wrong-token",
    "check-well",
    "empty",
)


def _overview_row(index, name):
    figures, given, context = scenarios()[name]
    return RunRow(
        dag_id=("vcc_form", "vcc_nightly_sync", "vcc_export_and_sync")[index % 3],
        run_id="manual__2026-11-24",
        task_id="set_dispositions",
        state=context["state"],
        when=NOW - timedelta(hours=3 * index),
        figures=read_figures(figures, given),
        href="#",
    )
