"""docs/architecture.md shows the states that the code has, and names files that are there."""

from __future__ import annotations

import re
import runpy

from airflow_provider_vcc.dispositions.engine.chunks.delivery import MOVES


def test_the_drawing_of_the_windows_states_is_the_one_that_the_code_gives(repo):
    drawn = runpy.run_path(str(repo / "docs" / "states.py"))
    picture = (repo / "docs" / "images" / "window.svg").read_text()
    assert picture == drawn["drawing"](), "python docs/states.py draws it anew"
    moves = set(re.findall(r'data-from="(.*?)" data-to="(.*?)"', picture))
    assert moves == {(start, end) for start, ends in MOVES.items() for end in ends}


def test_the_files_of_the_engine_that_the_page_names_are_there(repo):
    text = (repo / "docs" / "architecture.md").read_text()
    engine = repo / "airflow_provider_vcc" / "dispositions" / "engine"
    section = text.partition("## The engine")[2].partition("## Three decisions")[0]
    named = {*re.findall(r"`(?:engine/|chunks/)?(\w+\.py)`", section)} - {"docs/states.py"}
    assert named
    assert named <= {path.name for path in engine.rglob("*.py")}
    assert {path.name for path in engine.glob("*.py")} - {"__init__.py", "settings.py", "verdicts.py"} <= named
