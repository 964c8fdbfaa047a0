"""benchmarks/gpu.py without a GPU: what it measures first, that it goes on where it was cut short, and that its page shows everything."""

import importlib.util
import json
import sys
import time
from pathlib import Path

import pytest
from emulated_device import emulated_cupy

from numerics.train import cuda, native


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    place = importlib.util.spec_from_file_location("gpu_benchmark", Path(__file__).resolve().parents[3] / "benchmarks" / "gpu.py")
    assert place is not None and place.loader is not None
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    return module


def test_it_goes_on_where_it_was_cut_short(gpu, monkeypatch):
    calls = []

    def items(networks):
        for key in ("first", "second", "third"):
            yield key, lambda key=key: calls.append(key) or [networks, key]

    def refused(networks):
        yield "refused", lambda: (_ for _ in ()).throw(ValueError("no such path"))

    monkeypatch.setattr(gpu, "TABLES", {"one": ("One", items, ("networks", "name")), "two": ("Two", refused, ("reason",))})
    found, saved = {"one": {"first": [7, "first"]}}, []
    later = time.monotonic() + 1000
    assert not gpu.measure(found, ["one", "two"], 7, time.monotonic() - 1, lambda: None) and not calls
    assert gpu.measure(found, ["one", "two"], 7, later, lambda: saved.append(json.dumps(found)))
    assert calls == ["second", "third"] and len(saved) == 3
    assert gpu.measure(json.loads(saved[-1]), ["one", "two"], 7, later, lambda: pytest.fail("measured again"))
    assert "| second | 7 | second |" in gpu.page(found, "A device.") and "| refused | no such path |" in gpu.page(found, "A device.")


def test_what_matters_most_comes_first(gpu):
    assert list(gpu.TABLES) == ["agreement", "speed", "looks", "teams", "blocks", "data"]
    keys = {name: [key for key, _ in items(1024)] for name, (_, items, _) in gpu.TABLES.items()}
    assert all(len(set(found)) == len(found) > 1 for found in keys.values())
    assert [key for key in keys["looks"] if "device" in key] == [f"A; the device looks every {n} steps" for n in (10, 100, 1000)]


@pytest.mark.skipif(native.reason_against() is not None, reason=str(native.reason_against()))
def test_kernels_agree_on_an_emulated_device_and_what_cannot_run_says_why(gpu, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "cupy", emulated_cupy(tmp_path))
    monkeypatch.setattr(cuda, "reason_against_kernels", lambda: None)
    cuda.compiled.cache_clear()
    items = [item for item in gpu.agreement(0) if item[0].startswith("FullyConnected") and "gradient-descent" in item[0]]
    monkeypatch.setattr(gpu, "TABLES", {"agreement": ("Agreement", lambda networks: items[:2], ("deviation", "agrees"))})
    found = {}
    assert gpu.measure(found, ["agreement"], 0, time.monotonic() + 1000, lambda: None)
    by_kernel, by_graph = found["agreement"].values()
    assert by_kernel[1] == "yes" and (by_graph[0].startswith("path 'cuda-graph' cannot run this") or by_graph[1] == "yes")
    cuda.compiled.cache_clear()
