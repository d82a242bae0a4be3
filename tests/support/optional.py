"""Packages that not every environment of the matrix has: a test that uses one is skipped there by name."""

from __future__ import annotations

import pytest


class Optional:
    """A package that is imported when something of it is asked for, in a test."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        if attribute.startswith(("_", "pytest")):  # what pytest asks of whatever stands in a module
            raise AttributeError(attribute)
        return getattr(pytest.importorskip(self._name), attribute)
