"""Whatever a registry does, an image is whole or absent, and a repeat succeeds."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from image_engine import Engine
from test_image_pulls import LAYERS, FakeRegistry, Handler, publish, pull, push, registry

from barque.errors import BarqueError

__all__ = ["registry"]


def fault(choice: random.Random) -> Callable[[Handler], bool]:
    """One misbehaviour."""
    kind = choice.choice(["reset", "status", "garbage", "short", "html"])
    status = choice.choice([400, 403, 404, 429, 500, 503])
    data = choice.randbytes(choice.randrange(5000))

    def act(handler: Handler) -> bool:
        handler.body()
        if kind == "reset":
            handler.reset()
        elif kind == "status":
            handler.answer(status, b"")
        elif kind == "garbage":
            handler.answer(200, data)
        elif kind == "html":
            handler.answer(200, b"<html>please log in</html>", Content_Type="text/html")
        else:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(data) + 100))
            handler.end_headers()
            handler.wfile.write(data)
            handler.reset()
        return True

    return act


@pytest.mark.parametrize("seed", range(30))
def test_pulls_and_pushes_through_faults(seed: int, engine: Engine, registry: FakeRegistry) -> None:
    choice = random.Random(seed)
    publish(registry, "1", *LAYERS)
    for _ in range(4):
        registry.faults = [
            (choice.choice(["manifests", "blobs", "."]), fault(choice)) for _ in range(choice.randrange(6))
        ]
        try:
            pull(engine, registry, "1")
        except BarqueError:
            pass
        assert engine(engine.service.verify()) == []
    registry.faults = []
    assert pull(engine, registry, "1")[-1].startswith("Status: ")
    image = engine.store.resolve(f"{registry.address}/app:1")
    assert engine(engine.service.verify()) == []
    for _ in range(3):
        registry.faults = [(choice.choice(["HEAD", "P", "."]), fault(choice)) for _ in range(choice.randrange(6))]
        try:
            push(engine, f"{registry.address}/app", "1")
        except BarqueError:
            continue
    registry.faults = []
    push(engine, f"{registry.address}/app", "1")
    engine(engine.service.remove(f"{registry.address}/app:1", False, False, []))
    engine(engine.service.collect())
    assert engine.store.get(image.id) is None
    assert engine.stored() == (set(), set())
