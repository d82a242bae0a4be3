"""The example DAGs, as a user of the Airflow that is here would have them."""

from __future__ import annotations

import re
import shutil

from support.versions import AIRFLOW

IN_AIRFLOW_2 = {
    "BaseHook": "from airflow.hooks.base import BaseHook",
    "DAG": "from airflow import DAG",
    "Param": "from airflow.models.param import Param",
    "task": "from airflow.decorators import task",
}
"""What the documentation tells users of Airflow 2.11 to import instead of names of ``airflow.sdk``."""


def copy_examples(source, target):
    """Copy a folder of example DAGs, with the imports that this Airflow has, and return its path."""
    shutil.copytree(source, target)
    if AIRFLOW < (3, 0):
        for path in target.glob("*.py"):
            path.write_text(for_airflow_2(path.read_text()))
    return target


def for_airflow_2(text):
    """Write imports of ``airflow.sdk`` as Airflow 2 has them."""

    def instead(match):
        return "\n".join(IN_AIRFLOW_2.get(name, match[0]) for name in match[1].split(", "))

    return re.sub(r"^from airflow\.sdk import (.+)$", instead, text, flags=re.MULTILINE)
