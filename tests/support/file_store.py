"""A store of state in a file, for processes that are to be killed. Nothing here needs Airflow."""

from __future__ import annotations

import json
from pathlib import Path


class FileStore:
    """Values in a file of JSON, replaced as a whole at each write."""

    def __init__(self, path):
        self.path = Path(path)
        self.values = json.loads(self.path.read_text()) if self.path.exists() else {}

    def get(self, key, default=None):
        """Return a value."""
        return self.values.get(key, default)

    def set(self, key, value):
        """Keep a value."""
        self.values[key] = value
        self._replace()

    def delete(self, key):
        """Forget a value."""
        self.values.pop(key, None)
        self._replace()

    def _replace(self):
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(self.values))
        draft.replace(self.path)
