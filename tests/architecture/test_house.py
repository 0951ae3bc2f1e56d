"""House rules that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[2]
SOURCES = sorted((TOP / "src" / "barque").rglob("*.py"))
SYNC_ROOMS = {"shim", "supervisor", "runtime", "cgroups", "linux", "wire", "content", "layers", "snapshots", "model"}
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def room_of(path: Path) -> str:
    parts = path.relative_to(TOP / "src" / "barque").parts
    return parts[0] if len(parts) > 1 else ""


def test_no_file_is_over_500_lines() -> None:
    long = {str(p.relative_to(TOP)): n for p in SOURCES if (n := len(p.read_text().splitlines())) > 500}
    assert not long


def test_no_function_is_over_60_lines() -> None:
    long = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
                length = (node.end_lineno or 0) - body[0].lineno + 1
                if length > 60:
                    long.append((str(path.relative_to(TOP)), node.name, length))
    assert not long


def test_file_names_are_nouns_or_verbs_of_the_field() -> None:
    assert not [p for p in SOURCES if p.stem in BANNED_NAMES]


def test_every_room_has_a_door_that_says_what_it_is_for() -> None:
    doors = [p for p in SOURCES if p.name == "__init__.py" and len(p.relative_to(TOP / "src" / "barque").parts) == 2]
    assert doors
    assert not [str(p) for p in doors if not ast.get_docstring(ast.parse(p.read_text()))]


def test_asyncio_stays_out_of_the_blocking_rooms() -> None:
    guilty = []
    for path in SOURCES:
        if room_of(path) not in SYNC_ROOMS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names.append(node.module)
            if any(n.split(".")[0] == "asyncio" for n in names):
                guilty.append(str(path.relative_to(TOP)))
    assert not guilty


def test_imports_only_point_down() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=TOP, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout[-3000:]
