"""Runs to draw: what ``summary`` and ``report`` hold, and what Airflow says beside them."""

from __future__ import annotations

import random
from datetime import UTC, datetime

NOW = datetime(2026, 11, 24, 6, 1, 18, tzinfo=UTC)
STARTED = "2026-11-24T06:00:00+00:00"
UPDATED = "2026-11-24T06:01:15+00:00"
CHUNKS = ((0, 500), (0.3, 250), (0.35, 125), (0.5, 250), (0.7, 500))
OUTCOMES = ("applied", "rejected", "invalid", "unknown", "not_sent")

KINDS = [
    (417, "error.unknown_record"),
    (None, "'numberId' is no field of an element; did you mean 'numberid'?"),
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
        "errors": errors(failed),
        "failures_path": "s3://aws_default@exports/failed/2026-11-24.jsonl" if failed else None,
        "duration": duration,
        "elements_per_second": round((applied + failed) / duration, 1) if duration else 0.0,
    } | more


def errors(failed, kinds=KINDS):
    """Share out failed elements among kinds of error, most of them to the first."""
    rows = []
    for code, message in kinds:
        count = failed if (code, message) == kinds[-1] else (failed * 3 + 4) // 5
        failed -= count
        if count:
            positions = sorted(random.Random(count).sample(range(12_000), min(count, 10)))
            rows.append({"errorcode": code, "errormessage": message, "count": count, "positions": positions})
    return sorted(rows, key=lambda row: -row["count"])


def report(figures, *, max_errors=None, max_error_rate=None, **more):
    """Make a ``report`` that goes with a ``summary``: curves, chunk sizes, the threshold."""
    duration, settled = figures["duration"], figures["total"] - figures["not_sent"]
    return {
        "version": 1,
        "state": "done",
        "started": STARTED,
        "updated": UPDATED,
        "try_number": 1,
        "source": "s3://exports/changes/2026-11-24.jsonl",
        "expected": figures["total"],
        "share": 1.0,
        "threshold": {"max_errors": max_errors, "max_error_rate": max_error_rate},
        "breached": False,
        "soft_fail": False,
        "validate_only": False,
        "error": None,
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


DOWN = "The service is down: 5 requests in a row failed (the server failed (503)). The rest was not sent"
PLAIN = {"chunks": [], "halvings": 0, "retries": 0, "waits": 0}
NOT_KNOWN = {"curve": [], "chunks": [], "halvings": None, "retries": None, "waits": None, "source": None}
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
        "error": DOWN,
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
    """Give each run by name as (summary, report, keyword arguments of the page's ``Context``)."""
    return _going_on() | _ended() | _extremes()


def _going_on():
    figures = summary(4_163, 30, 5, 2, duration=26.0)
    context = {"refresh": 5, "now": NOW, "toggle": "?live=0", "try_number": 1, "tries": 3}
    return {
        "running": scene(figures, "running", context=context, **LIVE),
        "running-just-started": (None, None, {"state": "running", "refresh": 5}),
        "not-run-yet": (None, None, {"state": None}),
        "no-report": (None, None, {"state": "success"}),
        "failed-killed": scene(figures, "failed", context={"stand_in": True}, **LIVE),
    }


def _ended():
    over, within = summary(11_963, 30, 5, 2), summary(11_880, 100, 18, 2)
    stopped, none = summary(4_000, 12, 0, 25, 7_963), summary(0, 2, duration=0.8)
    checked = summary(0, 0, 37, 0, 11_963, requests=0, duration=1.3, elements_per_second=0.0)
    of = {"try_number": 1, "tries": 3}
    return {
        "success": scene(summary(12_000), "success"),
        "success-within": scene(within, "success", max_error_rate=0.02),
        "failed": scene(over, "failed", max_errors=25, breached=True),
        "failed-none-tolerated": scene(none, "failed", breached=True),
        "failed-early": scene(stopped, "failed", max_errors=100, error=DOWN),
        "up-for-retry": scene(stopped, "up_for_retry", context=of, max_errors=100, error=DOWN),
        "skipped": scene(over, "skipped", max_errors=25, breached=True, soft_fail=True),
        "validate-only": scene(checked, "failed", max_errors=25, breached=True, validate_only=True, curve=[], **PLAIN),
        "stand-alone": scene(within, "success", context=STAND_ALONE, max_error_rate=0.02),
    }


def _extremes():
    tiny, empty = summary(1, 1, duration=0.3), summary(duration=0.2, requests=0)
    rows = [
        {"errorcode": 417 + i % 7, "errormessage": f"error.kind_{i:03}", "count": 1, "positions": [i * 37]}
        for i in range(300)
    ]
    third = {"try_number": 3, "tries": 4}
    shards = [shard(index) for index in range(4)]
    resumed = summary(11_990, 10, resumed=8_500, duration=31.0)
    return {
        "empty": scene(empty, "success", curve=[], **PLAIN),
        "tiny": scene(tiny, "success", max_errors=1, curve=[[0.3, 2, 1]], **PLAIN),
        "huge": scene(summary(99_999_100, 800, 60, 40, duration=41_000.0), "success", max_error_rate=0.001),
        "300-kinds": scene(summary(11_700, 300, errors=rows), "success", max_errors=500),
        "retried": scene(resumed, "success", context=third, max_errors=25, tries=TRIES, try_number=3),
        "shards": scene(
            summary(47_600, 380, 15, 5), "failed", max_error_rate=0.005, breached=True, shards=shards, **NOT_KNOWN
        ),
        "older-version": (OLDER, None, {"state": "success"}),
    }
