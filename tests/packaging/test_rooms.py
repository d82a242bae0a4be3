"""The rooms of the package: none is crowded, and no two lean on each other."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest

PACKAGE = "airflow_provider_vcc"
MOST_FILES = 12
MOST_LINES = 400


@pytest.fixture(scope="module")
def modules(repo):
    """Return the path of each module by its name; a package's is that of its ``__init__``."""
    found = {}
    for path in repo.joinpath(PACKAGE).rglob("*.py"):
        parts = path.relative_to(repo).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@pytest.fixture(scope="module")
def imports(modules):
    """Return the modules that each module imports, wherever the import stands: in a function, or for types only."""
    return {name: set(imported(path, name, modules)) - {name} for name, path in modules.items()}


def imported(path, name, modules):
    """Yield the modules of ours that the imports of a module name."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            for alias in node.names:
                yield from (found for found in (f"{base}.{alias.name}", base) if found in modules)


def circle(graph):
    """Return the nodes of a circle, or nothing: whatever leads nowhere is taken away until nothing more can be."""
    left = {node: set(targets) for node, targets in graph.items()}
    while ends := [node for node, targets in left.items() if not targets & left.keys()]:
        for node in ends:
            del left[node]
    return sorted(left)


def test_a_circle_is_found_and_what_only_leads_to_one_is_too():
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"e"}}) == ["a", "b", "c"]


def test_no_modules_import_each_other_in_a_circle_lazy_and_type_checking_imports_counted(imports):
    assert circle(imports) == []


def test_no_rooms_beside_each_other_import_each_other_in_a_circle(modules, imports):
    """In each folder, a module counts as one and a folder, with all that is in it, as one."""
    for room in {name for name, path in modules.items() if path.name == "__init__.py"}:
        depth = room.count(".") + 2
        graph = defaultdict(set)
        for name, targets in imports.items():
            for target in targets:
                ends = [".".join(end.split(".")[:depth]) for end in (name, target) if end.startswith(f"{room}.")]
                if len(set(ends)) == 2:
                    graph[ends[0]].add(ends[1])
        assert circle(graph) == [], room


def test_a_room_has_at_most_a_dozen_files(modules):
    rooms = defaultdict(list)
    for path in modules.values():
        rooms[path.parent].append(path.name)
    assert {str(room): len(names) for room, names in rooms.items() if len(names) > MOST_FILES} == {}


def test_a_module_has_at_most_400_lines(modules):
    lengths = {name: len(path.read_text().splitlines()) for name, path in modules.items()}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_what_somebody_probably_meant_is_worked_out_in_one_place(modules):
    assert [name for name, path in modules.items() if "get_close_matches" in path.read_text()] == [f"{PACKAGE}.wording"]
