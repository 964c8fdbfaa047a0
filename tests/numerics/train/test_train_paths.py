"""Choosing a path, building kernels, and living without a compiler, numba, cupy or CUDA."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from numerics.train import Adam, GradientDescent, Momentum, PathUnavailable, compiled, cuda, just_in_time, native, train
from numerics.train.problem import pose
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN


class Functions(FullyConnected):
    """A sum over networks of every activation that has a function of its own."""

    def __call__(self, theta, x):
        names = ("gelu", "sin", "cos", "erf", "silu", "softplus", "atan", "exp")
        return sum(FullyConnected(self.widths, name)(theta, x) for name in names)


SHAPES = {
    "two-layer": (TwoLayer(3, 10, 2, "tanh", bias=True, output_bias=True), np.ones((4, 3)), np.ones((4, 2))),
    "cnn": (TwoLayerCNN(5, 3, 4, activation="sigmoid", bias=True), np.ones((4, 5)), np.ones((4, 1))),
    "cnn on a grid": (TwoLayerCNN((4, 4), (2, 3), 2, activation="relu", sharing=False), np.ones((4, 16)), np.ones((4, 1))),
    "factorization": (MatrixFactorization(4, 4, 4), np.array([[0, 1], [2, 3]]), np.ones((2, 1))),
    "deep, every function": (Functions((2, 9, 9, 1)), np.ones((4, 2)), np.ones((4, 1))),
}


def problem_of(name):
    model, X, Y = SHAPES[name]
    return pose(model, np.ones(model.n_params), (X, Y), weights=None, learning_rate=0.1, stop=None, seed=0)


def small_training(**options):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(5, 2)), rng.normal(size=(5, 1))
    return train(TwoLayer(2, 3), rng.normal(size=(300, 9)), data, learning_rate=0.1, **{"steps": 100, **options})


def test_the_choice_and_its_reasons_are_in_the_result(monkeypatch):
    small = small_training(steps=10)
    assert small.path == "torch" and "not worth compiling" in small.skipped_paths["compiled"]
    monkeypatch.setattr(native, "reason_against", lambda: "no compiler here")
    monkeypatch.setattr(just_in_time, "reason_against", lambda: "no numba here")
    neither = small_training(steps=3000)
    assert neither.path == "torch" and dict(neither.skipped_paths, wide="") == {
        "compiled": "no compiler here",
        "numba": "no numba here",
        "wide": "",
    }
    with pytest.raises(PathUnavailable, match="path 'compiled' cannot run this: no compiler here"):
        small_training(path="compiled")


def test_models_that_only_look_like_known_ones_are_read_as_what_they_compute():
    class Doubled(TwoLayer):
        def __call__(self, theta, x):
            return 2 * super().__call__(theta, x)

    tanh = TwoLayer(2, 3).activation
    for model in (Doubled(2, 3), TwoLayer(2, 3, activation=replace(tanh, output=lambda z, v: 2 * v[0]))):
        options = dict(learning_rate=0.1, steps=10)
        arguments = model, np.full((300, 9), 0.5), (np.ones((5, 2)), np.ones((5, 1)))
        expected, found = train(*arguments, path="torch", **options), train(*arguments, **options)
        assert found.path == "torch" and "numba" in found.skipped_paths
        with pytest.raises(PathUnavailable, match="there is no kernel for Doubled|kernels know the activations"):
            train(*arguments, path="numba", **options)
        if not native.reason_against():  # ten steps of a bounded network: a few hundred roundings, each amplified by less than ten
            assert np.abs(train(*arguments, path="compiled", **options).theta - expected.theta).max() <= 1e-12


@pytest.mark.skipif(native.reason_against() is not None, reason=str(native.reason_against()))
def test_large_work_is_compiled_and_two_threads_give_the_same_bits():
    one, two = small_training(steps=3000), small_training(steps=3000, threads=2)
    assert one.path == two.path == "compiled" and (one.theta == two.theta).all()


@pytest.mark.skipif(native.reason_against() is not None, reason=str(native.reason_against()))
def test_kernels_are_cached_by_content_and_the_cache_is_used(tmp_path, monkeypatch):
    monkeypatch.setenv("PROOFS_CHECK_CACHE", str(tmp_path))
    monkeypatch.setattr(native, "cache_folder", native.cache_folder.__wrapped__)
    texts = [compiled.compile_text(problem_of("two-layer"), method) for method in (GradientDescent(), Adam())]
    built = [native.build(text) for text in texts]
    assert len(set(built)) == 2 and sorted(tmp_path.glob("kernels/*")) == sorted(built)
    stamp = built[0].stat().st_mtime_ns
    monkeypatch.setattr(native, "_compile", lambda *_: pytest.fail("compiled again"))
    assert native.build(texts[0]) == built[0] and built[0].stat().st_mtime_ns == stamp


@pytest.mark.skipif(native.reason_against() is not None, reason=str(native.reason_against()))
def test_a_compiler_that_fails_is_an_error_when_forced_and_a_reason_otherwise(tmp_path, monkeypatch):
    monkeypatch.setenv("PROOFS_CHECK_CACHE", str(tmp_path))
    monkeypatch.setattr(native, "cache_folder", native.cache_folder.__wrapped__)
    monkeypatch.setattr(native, "FLAGS", (*native.FLAGS, "-fno-such-flag"))
    compiled.library.cache_clear()
    with pytest.raises(PathUnavailable, match="fno-such-flag"):
        small_training(path="compiled")
    other = small_training(steps=3000)
    assert other.path in ("numba", "torch") and "fno-such-flag" in other.skipped_paths["compiled"]
    compiled.library.cache_clear()


@pytest.mark.skipif(native.reason_against() is not None, reason=str(native.reason_against()))
def test_where_memory_gives_out_the_next_path_starts_from_the_same_seeds(monkeypatch):
    def full(*_):
        raise MemoryError("not enough memory for the intermediate results of 8 networks")

    expected = small_training(steps=3000, path="numba") if not just_in_time.reason_against() else small_training(steps=3000, path="torch")
    monkeypatch.setattr(compiled.Library, "advance", full)
    found = small_training(steps=3000)
    assert found.path == expected.path and (found.theta == expected.theta).all()
    assert "not enough memory: neither 300 nor 150 networks fit into memory" in found.skipped_paths["compiled"]
    with pytest.raises(MemoryError, match="neither 300 nor 150 networks fit"):
        small_training(path="compiled")


def test_memory_that_no_path_can_live_with_is_an_error():
    with pytest.raises(MemoryError, match="memory must hold one network, which takes about"):
        small_training(steps=3000, memory=1)


def test_a_machine_without_a_compiler_trains_and_says_so():
    """A process that finds neither g++ nor clang++ nor CXX: numba where it knows the model and the loss, else the general path."""
    code = """if True:
    import numpy as np
    from numerics.train import train
    from theory.models import TwoLayer, FullyConnected
    x = np.arange(8.0).reshape(4, 2) / 8
    for model, y, loss in ((TwoLayer(2, 3), x[:, :1], "mse"), (FullyConnected((2, 3, 2)), np.array([0, 1, 1, 0]), "cross-entropy")):
        found = train(model, np.full((300, model.n_params), 0.1), (x, y), loss=loss, learning_rate=0.1, steps=4000, check_every=4000)
        print(found.path, "|", found.skipped_paths["compiled"])
    """
    root = Path(native.__file__).parents[2]
    environment = {name: value for name, value in os.environ.items() if name != "CXX"}
    environment |= {"PYTHONPATH": str(root), "PATH": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    squares, classes = done.stdout.splitlines()
    reason = "no C++ compiler found (set CXX, or install g++ or clang++)"
    assert squares in (f"numba | {reason}", f"torch | {reason}") and classes == f"torch | {reason}", done.stderr


def test_an_unwritable_cache_is_replaced_by_a_private_folder(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("PROOFS_CHECK_CACHE", str(tmp_path / "file"))
    folder = native.cache_folder.__wrapped__()
    assert folder.is_dir() and tmp_path not in folder.parents
    folder.rmdir()


@pytest.mark.parametrize("vectors", ["-march=x86-64", "-march=x86-64-v3", "-march=x86-64-v4", "-march=native"])
@pytest.mark.skipif(native.reason_against() is not None, reason=str(native.reason_against()))
def test_hyperbolic_tangent_of_every_vector_width(vectors, tmp_path):
    """Relative error at most 4 units of roundoff against a correctly rounded reference; special values as they should be."""
    import ctypes
    import platform

    import mpmath

    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("flags of x86-64")
    text = compiled.compile_text(problem_of("two-layer"), GradientDescent())
    text += """extern "C" void tangents(long n, const double* x, double* y) {
      for (long i = 0; i < n; i++) { Vector v = Vector{} + x[i]; v = hyperbolic_tangent(v); y[i] = v[LANES - 1]; } }"""
    source, library = tmp_path / "kernel.cpp", tmp_path / "kernel.so"
    source.write_text(text)
    flags = [flag for flag in native.FLAGS if not flag.startswith("-march")]
    subprocess.run([native._compiler(), *flags, vectors, source, "-o", library], check=True)
    if vectors.endswith("v4") and "avx512f" not in native._processor():
        pytest.skip("compiles; this processor has no AVX-512 to run it")
    rng = np.random.default_rng(0)
    sizes = 10 ** rng.uniform(-8, 1.6, 3000) * rng.choice([-1, 1], 3000)
    x = np.concatenate([sizes, [0.0, 5e-324, -1e-310, 1e-300, 1e300, -1e300, np.inf, -np.inf, np.nan]])
    y = np.empty_like(x)
    address = lambda array: ctypes.c_void_p(array.ctypes.data)
    ctypes.CDLL(str(library)).tangents(ctypes.c_long(len(x)), address(x), address(y))
    assert np.isnan(y[-1]) and (y[-5:-1] == [1, -1, 1, -1]).all() and (y[-9:-5] == x[-9:-5]).all()
    with mpmath.workdps(40):
        errors = [abs(float((mpmath.mpf(b) - (t := mpmath.tanh(mpmath.mpf(a)))) / t)) for a, b in zip(sizes, y, strict=False)]
    assert max(errors) <= 4 * 2.0**-53


@pytest.mark.parametrize(
    ("name", "size", "method"),
    [
        *((name, 1, GradientDescent()) for name in SHAPES),
        *((name, 32, Adam()) for name in SHAPES),
        ("two-layer", 1, Adam()),
        ("two-layer", 256, Momentum()),
        ("deep, every function", 256, Adam()),
    ],
)
def test_the_cuda_source_compiles(name, size, method, tmp_path, monkeypatch):
    nvcc = shutil.which("nvcc") or shutil.which("/usr/local/cuda/bin/nvcc")
    if nvcc is None:
        pytest.skip("no nvcc: the CUDA source is not compiled here")
    monkeypatch.setattr(cuda, "team_size", lambda *_: size)
    cuda._plan.cache_clear()
    source = tmp_path / "kernel.cu"
    source.write_text(cuda.plan(problem_of(name), method).text)
    cuda._plan.cache_clear()
    command = [nvcc, "-std=c++17", "-arch=sm_80", "--ptx", str(source), "-o", str(tmp_path / "kernel.ptx")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "train_networks" in (tmp_path / "kernel.ptx").read_text()


@pytest.mark.gpu
@pytest.mark.parametrize("path", ["cuda", "cuda-graph", "torch"])
def test_paths_on_a_device_agree_with_the_general_path(path):
    reason = cuda.reason_against_kernels() if path == "cuda" else cuda.reason_against_torch()
    if reason:
        pytest.skip(reason)
    for method in ("gradient-descent", "momentum", "adam"):
        on_device = small_training(steps=10, path=path, device="cuda", method=method)
        here = small_training(steps=10, path="torch", method=method)
        # ten steps of a bounded network: a few hundred roundings, each amplified by less than ten
        assert np.abs(on_device.theta - here.theta).max() <= 1e-12


def test_forcing_a_device_that_is_not_there_is_a_clear_error():
    for path, reason in (("cuda", cuda.reason_against_kernels()), ("cuda-graph", cuda.reason_against_torch())):
        if reason:
            with pytest.raises(PathUnavailable, match=f"path '{path}' cannot run this: (no CUDA|cupy is not|torch has no)"):
                small_training(path=path, device="cuda")


def test_importing_the_package_imports_none_of_the_heavy_ones():
    code = "import sys, numerics.train; print(sorted({'torch', 'cupy', 'numba', 'sympy', 'scipy', 'psutil'} & set(sys.modules)))"
    root = Path(native.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(root)})
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
