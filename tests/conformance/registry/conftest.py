"""A registry and image stores beside it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "unit" / "images"))
sys.path.insert(0, str(Path(__file__).parent))
from debian_registry import Registry
from image_engine import Engine


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    if not shutil.which("docker-registry"):
        pytest.skip("docker-registry is not installed")
    folder = tmp_path / "registry"
    folder.mkdir()
    running = Registry(folder)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def make_engine(tmp_path: Path) -> Iterator[Callable[[str], Engine]]:
    made: list[Engine] = []

    def make(name: str) -> Engine:
        made.append(Engine(tmp_path / name))
        return made[-1]

    yield make
    for engine in made:
        engine.close()
