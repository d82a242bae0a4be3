"""A process of its own that is short of file descriptors, or has many: it says what becomes of runs and calls there.

Its arguments are JSON: what to do, and for which addresses, as ``(url, proxies)``, with which CA bundle.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

from support.engine import run

from airflow_provider_vcc.dispositions.engine import breaker
from airflow_provider_vcc.hooks.vcc import VccHook

MANY = 1_200
"""More than ``select`` can take."""


def hold(count):
    """Open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 2 * count), hard), hard))
    for _ in range(count):
        os.open(os.devnull, os.O_RDONLY)


@contextmanager
def few(count):
    """Let this process open no more than so many files."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = {int(path.name) for path in Path("/proc/self/fd").iterdir()}
    free = [number for number in range(1_000) if number not in taken]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[count], limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def hook_of(url, proxies, bundle):
    """Return a hook for an address."""
    extra = {"verify": bundle, "proxies": proxies}
    fields = {"conn_type": "vcc", "host": url, "login": "mycc", "password": "t", "extra": extra}
    os.environ["AIRFLOW_CONN_VCC_DEFAULT"] = json.dumps(fields)
    return VccHook()


def some(prefix, count):
    """Return elements that are told apart by what they say."""
    return [{"numberid": str(number), "description": f"{prefix}-{number}"} for number in range(count)]


def ran(url, proxies, bundle, elements):
    """Return what became of a run."""
    session = {"verify": bundle, "proxies": proxies}
    sync, error = run(url, elements, chunk_size=5, max_in_flight=4, session=session)
    return {**sync.tally.summary(), "error": None if error is None else f"{type(error).__name__}: {error}"}


def with_many(cases, bundle):
    """Return what becomes of a run and of a call for each address if the first free number is a high one."""
    hold(MANY)
    for url, proxies in cases:
        hook = hook_of(url, proxies, bundle)
        yield ran(url, proxies, bundle, some("many", 30)), hook.run("GET", "/projects"), hook.test_connection()[0]


def with_few(cases, bundle):
    """Return what becomes of a run if so few files may be opened."""
    breaker.LONGEST_OUTAGE = 0.5
    [(url, proxies)] = cases
    ran(url, proxies, bundle, some("before", 5))  # and all that is read from files meanwhile
    for count in range(8):
        with few(count):
            result = ran(url, proxies, bundle, some(f"few{count}", 30))
        yield result


if __name__ == "__main__":
    what, cases, bundle = json.loads(sys.argv[1])
    print(json.dumps([*{"many": with_many, "few": with_few}[what](cases, bundle)]))
    assert threading.active_count() == 1
