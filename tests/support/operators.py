"""Helpers of the operator's tests."""

from __future__ import annotations


def outcomes(summary):
    """Give the five counts of a summary."""
    return [summary[name] for name in ("applied", "rejected", "invalid", "unknown", "not_sent")]
