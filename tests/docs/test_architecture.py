"""docs/architecture.md shows the states that the code has, and names files that are there."""

from __future__ import annotations

import ast
import io
import re
import runpy
import tokenize

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


def lines_of_code(path):
    """Count the lines of a file that are neither blank nor a comment nor within a docstring."""
    text = path.read_text()
    bodies = [node.body for node in ast.walk(ast.parse(text)) if isinstance(getattr(node, "body", None), list)]
    alone = [
        line for body in bodies for line in body if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)
    ]
    said = {number for line in alone for number in range(line.lineno, line.end_lineno + 1)}
    blank = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = [one for one in tokenize.generate_tokens(io.StringIO(text).readline) if one.type not in blank]
    return len({number for one in tokens for number in range(one.start[0], one.end[0] + 1)} - said)


def test_what_of_http_is_our_own_is_about_as_long_as_the_page_says(repo):
    section = (repo / "docs" / "architecture.md").read_text().partition("## What of HTTP is our own")[2]
    rows = re.findall(r"^\| `(\w+\.py)` \| (\d+) \|", section.partition("\n## ")[0], re.MULTILINE)
    http = repo / "airflow_provider_vcc" / "dispositions" / "http"
    assert len(rows) == 5
    for name, stated in rows:
        assert abs(lines_of_code(http / name) - int(stated)) <= 20, name
