"""The only file that asks which Airflow this is: 2.11 to 3.3 and what comes after.

Names that moved between versions come from the common-compat provider, each when it is first asked for, so that
importing this module costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from airflow.providers.common.compat.sdk import (
        XCOM_RETURN_KEY,
        AirflowException,
        AirflowFailException,
        AirflowNotFoundException,
        AirflowPlugin,
        AirflowSkipException,
        Asset,
        BaseHook,
        BaseOperator,
        BaseOperatorLink,
        Connection,
        Context,
        DecoratedOperator,
        ObjectStoragePath,
        Stats,
        XComArg,
        conf,
        context_merge,
        determine_kwargs,
        get_current_context,
        mask_secret,
        task_decorator_factory,
    )
    from airflow.sdk import RetryDecision, RetryPolicy

__all__ = [
    "XCOM_RETURN_KEY",
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowPlugin",
    "AirflowSkipException",
    "Asset",
    "BaseHook",
    "BaseOperator",
    "BaseOperatorLink",
    "Connection",
    "Context",
    "DecoratedOperator",
    "ObjectStoragePath",
    "Stats",
    "Store",
    "XComArg",
    "airflow_version",
    "asset_state_store",
    "conf",
    "context_merge",
    "determine_kwargs",
    "get_current_context",
    "is_unmapped",
    "make_retry_policy",
    "mask_secret",
    "task_decorator_factory",
    "task_state_store",
]


_BEFORE_COMMON_COMPAT_HAD_THEM = {
    "AirflowException": ["airflow.exceptions"],
    "AirflowNotFoundException": ["airflow.exceptions"],
    "AirflowPlugin": ["airflow.plugins_manager"],
    "Stats": ["airflow.stats"],
    "conf": ["airflow.configuration"],
    "determine_kwargs": ["airflow.utils.operator_helpers"],
    "mask_secret": [
        "airflow.sdk.log",
        "airflow.sdk.execution_time.secrets_masker",
        "airflow.utils.log.secrets_masker",
    ],
}


def __getattr__(name: str) -> Any:
    """Take a name from common-compat when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    modules = ["airflow.providers.common.compat.sdk", *_BEFORE_COMMON_COMPAT_HAD_THEM.get(name, [])]
    value = globals()[name] = _first(modules, name)
    return value


def _first(modules: list[str], name: str) -> Any:
    """Take a name from the first of the modules that has it."""
    for module in modules[:-1]:
        try:
            return getattr(import_module(module), name)
        except (ImportError, AttributeError):
            continue
    return getattr(import_module(modules[-1]), name)


class Store(Protocol):
    """What Airflow's state stores offer; values are JSON and not None."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value kept under a key."""

    def set(self, key: str, value: Any) -> None:
        """Keep a value; saved when this returns."""

    def delete(self, key: str) -> None:
        """Forget a key."""


def airflow_version() -> tuple[int, int]:
    """Return Airflow's major and minor version."""
    from airflow import __version__

    major, minor = __version__.split(".")[:2]
    return int(major), int(minor)


def is_unmapped(operator: object) -> bool:
    """Return whether an operator is one instance of a mapped task, made in the worker; no version says so in public."""
    return bool(getattr(operator, "_BaseOperator__from_mapped", False))


def task_state_store(context: Mapping[str, Any]) -> Store | None:
    """Return the store that a task's retries share: Airflow 3.3 and later, else None."""
    store: Store | None = context.get("task_state_store")
    return store


def asset_state_store(context: Mapping[str, Any], asset: Any) -> Store | None:
    """Return the store that an asset of the task keeps from run to run: Airflow 3.3 and later, else None.

    :param asset: one of the task's inlets or outlets.
    """
    stores = context.get("asset_state_store")
    store: Store | None = stores[asset] if stores is not None else None
    return store


def make_retry_policy(
    judge: Callable[[BaseException], tuple[bool | None, str]], retry_delay: timedelta | None
) -> RetryPolicy:
    """Make a retry policy: Airflow 3.3 and later.

    :param judge: says of an error whether another try is worth it, None for the task's own rules, and why.
    :param retry_delay: how long to wait where it is.
    :raises VccConfigurationError: before 3.3.
    """
    try:
        from airflow.sdk import RetryDecision, RetryPolicy
    except ImportError:
        from airflow_provider_vcc.exceptions import VccConfigurationError

        raise VccConfigurationError("retry policies need Airflow 3.3 or later; leave retry_policy out") from None

    class VccRetryPolicy(RetryPolicy):
        def evaluate(self, exception: BaseException, *_: Any, **__: Any) -> RetryDecision:
            worth, why = judge(exception)
            if worth is None:
                return RetryDecision.default()
            return RetryDecision.retry(retry_delay, why) if worth else RetryDecision.fail(why)

    return VccRetryPolicy()
