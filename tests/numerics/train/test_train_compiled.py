"""What the compiled path takes, how it divides samples, what its vector functions are worth, and what it says where it cannot run."""

import ctypes
import platform
import subprocess
from dataclasses import dataclass, replace

import mpmath
import numpy as np
import pytest
from training_cases import UNIT_ROUNDOFF, case, gradient_error

from numerics.train import Dropout, PathUnavailable, StochasticGradientDescent, compiled, native, train
from numerics.train.slopes import written
from numerics.train.trace import CannotTrace, traced
from theory.activations import activation, activation_names
from theory.models import FullyConnected, MatrixFactorization, TwoLayer
from theory.models.normalization import BatchNormalized
from theory.models.pooling import PooledCNN

needs_compiler = pytest.mark.skipif(native.reason_against() is not None, reason=str(native.reason_against()))


@dataclass(frozen=True)
class Centred(TwoLayer):
    """Outputs less their mean over the samples."""

    def __call__(self, theta, x):
        output = super().__call__(theta, x)
        return output - output.sum(-2)[..., None, :] / output.shape[-2]


@dataclass(frozen=True)
class Rooted(TwoLayer):
    """Something that no kernel knows."""

    def __call__(self, theta, x):
        return abs(super().__call__(theta, x))


class OnlyJet:
    name, reflection, degree, rational, exponential = "jet", None, None, False, False

    def __call__(self, z):
        return z.activate(self) if hasattr(z, "activate") else z

    def jet(self, z, order):
        return (z,) * (order + 1)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (Centred(2, 3), "the output of a sample depends on other samples"),
        (BatchNormalized((2, 4, 1), 1), "sqrt of an array outside of an activation"),
        (Rooted(2, 3), "its formula stopped with TypeError: bad operand type for abs"),
        (TwoLayer(2, 3, activation=OnlyJet()), "activation 'jet' declares no differential system and no pieces"),
        (lambda theta, x: x @ theta[:2, None], "its formula is a function of torch tensors"),
    ],
)
def test_what_cannot_be_traced_is_said_and_takes_the_general_path(model, told):
    theta, data = np.full((300, getattr(model, "n_params", 2)), 0.1), (np.arange(8.0).reshape(4, 2), np.ones((4, 1)))
    with pytest.raises(PathUnavailable, match=f"path 'compiled' cannot run this: (the model cannot be traced: {told}|no C)"):
        train(model, theta, data, learning_rate=0.01, steps=1, path="compiled")
    if not isinstance(model, Rooted | Centred | BatchNormalized | TwoLayer):
        trained = train(model, theta, data, learning_rate=0.01, steps=3)
        assert trained.path == "torch" and ("cannot be traced" in trained.skipped_paths["compiled"] or native.reason_against())


def test_samples_are_followed_exactly():
    with pytest.raises(CannotTrace, match="depends on other samples"):
        traced(Centred(2, 3), measures=False)
    formula = traced(TwoLayer(2, 3), measures=False)
    assert formula.outputs == 1 and formula.inputs == 2 and not formula.entries
    assert traced(MatrixFactorization(2, 3, 1), measures=False).outputs == 6
    assert traced(MatrixFactorization(2, 3, 1), measures=True).inputs == 6


@needs_compiler
@pytest.mark.parametrize("samples", [*range(1, 12), 16, 17, 25])
def test_every_number_of_samples(samples):
    """Groups of samples are filled up with samples of weight 0: one step is the gradient's of the samples alone."""
    import torch

    batch, rng = case("deep"), np.random.default_rng(samples)
    X, Y = rng.normal(size=(11, samples, 2)), rng.normal(size=(11, samples, 1))
    data = replace(batch, X=X, Y=Y, weights=np.full((11, samples), 1 / samples))
    trained = train(batch.model, batch.theta, data.data, learning_rate=0.5, steps=1, path="compiled")
    for b in (0, 10):
        x, y, theta = torch.tensor(X[b]), torch.tensor(Y[b]), torch.tensor(batch.theta[b])
        gradient = torch.func.grad(lambda t, x=x, y=y: ((batch.model(t, x) - y) ** 2).mean())(theta).numpy()
        error = 0.5 * gradient_error(data, b, batch.theta[b]) + 2 * UNIT_ROUNDOFF * np.abs(batch.theta[b])
        assert (np.abs(trained.theta[b] - (batch.theta[b] - 0.5 * gradient)) <= error).all()


@needs_compiler
@pytest.mark.parametrize("method", ["gradient-descent", StochasticGradientDescent(3), Dropout(0.5), "gradient-flow"], ids=str)
def test_shared_data_and_copies_of_them_give_the_same_bits(method):
    batch = case("deep gelu")
    options = dict(method=method, steps=9, seed=3, path="compiled", learning_rate=None if method == "gradient-flow" else 0.1)
    shared = train(batch.model, batch.theta, (batch.X[0], batch.Y[0]), **options)
    copies = (np.repeat(array[:1], 11, axis=0) for array in batch.data)
    own = train(batch.model, batch.theta, tuple(copies), **options)
    # a number that all lanes share may be contracted into a product that own numbers are not, and otherwise
    assert np.abs(own.theta - shared.theta).max() <= 1e-13


@needs_compiler
def test_pooled_positions_are_summed():
    model, rng = PooledCNN(5, 3, 4), np.random.default_rng(0)
    theta, X, Y = model.init(rng, batch=(3,)), rng.normal(size=(7, 5)), rng.normal(size=(7, 1))
    trained = train(model, theta, (X, Y), learning_rate=1.0, steps=1, path="compiled")
    loss, h = lambda t: ((model(t, X) - Y) ** 2).mean(), 1e-5
    slopes = np.array([[(loss(t + h * e) - loss(t - h * e)) / (2 * h) for e in np.eye(model.n_params)] for t in theta])
    # central differences: h^2 times a third derivative of order ten, and u / h of rounding
    assert np.abs(theta - trained.theta - slopes).max() <= 1e-8


@needs_compiler
def test_auto_takes_it_where_it_pays_and_says_why_not(monkeypatch):
    rng = np.random.default_rng(0)

    def path(model, networks, samples, steps):
        data = rng.normal(size=(samples, model.input_size)), rng.normal(size=(samples, 1))
        return train(
            model, model.init(rng, scale=0.01, batch=(networks,)), data, learning_rate=1e-5, steps=steps, check_every=max(1, steps)
        )

    deep = path(FullyConnected((2, 10, 10, 1), "gelu"), 300, 8, 2000)
    assert deep.path == "compiled" and not deep.skipped_paths
    assert "not worth compiling" in path(FullyConnected((2, 10, 10, 1), "gelu"), 300, 8, 5).skipped_paths["compiled"]
    assert "lanes of a vector idle" in path(FullyConnected((2, *[15] * 100, 1), "gelu"), 1, 100, 1).skipped_paths["compiled"]
    monkeypatch.setattr(compiled, "MOST_PARAMETERS", 100)
    assert "at most 100 parameters, the model has 151" in path(FullyConnected((2, 10, 10, 1)), 8, 8, 1).skipped_paths["compiled"]


@needs_compiler
def test_two_threads_give_the_same_bits():
    batch = case("deep", networks=300)
    for method in ("gradient-descent", StochasticGradientDescent(2)):
        options = dict(learning_rate=0.1, steps=5, path="compiled", method=method, seed=1)
        one, two = (train(batch.model, batch.theta, batch.data, threads=threads, **options) for threads in (1, 2))
        assert (one.theta == two.theta).all() and (one.loss == two.loss).all()


@pytest.mark.parametrize("name", [*(name for name in activation_names() if name != "power:p"), "power:4"])
def test_values_and_slopes_are_written_as_declared(name):
    """The C text, read as Python, against the jet of the declaration in floats."""
    text, z = written(activation(name)), np.linspace(-2.5, 2.5, 41)
    functions = {
        "hyperbolic_tangent": np.tanh,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "softplus": lambda z: np.logaddexp(z, 0),
        "normal_distribution": lambda z: np.array([float(mpmath.ncdf(x)) for x in z]),
        "normal_density": lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
        "exponential": np.exp,
        "error_function": lambda z: np.array([float(mpmath.erf(x)) for x in z]),
        "error_slope": lambda z: 2 / np.sqrt(np.pi) * np.exp(-z * z),
        "arc_tangent": np.arctan,
        "sine": np.sin,
        "cosine": np.cos,
        "rectifier": lambda z, below: np.where(z > 0, z, below * z),
        "step_of": lambda h, below: np.where(h > 0, 1.0, below),
    }
    names = {**functions, "z": z}
    for declaration in filter(None, text.states.split(";")):
        variable, _, formula = declaration.replace("const Vector", "").partition("=")
        names[variable.strip()] = eval(formula, {}, names)
    read = lambda formula: eval(_as_python(formula), {"where": np.where}, names)
    names["h"] = read(text.value)
    value, slope = activation(name).jet(z, 1)
    assert np.abs(names["h"] - value).max() <= 1e-13 and np.abs(read(text.slope) - slope).max() <= 1e-13


def _as_python(formula):
    """(a > b ? c : d) as where(a > b, c, d)."""
    return formula.replace("(z > ", "where(z > ").replace(" ? ", ", ").replace(" : ", ", ")


#: Name, function of mpmath, largest argument, bound in units of 2^-53 relative to the value: roundings counted, the polynomials' own errors
#: are below 2. Where an exponent of size E is rounded, the value is off by E more.
FUNCTIONS = {
    "hyperbolic_tangent": (mpmath.tanh, 40, lambda x: 4),
    "logistic": (lambda x: 1 / (1 + mpmath.exp(-x)), 40, lambda x: 4),
    "exponential": (mpmath.exp, 600, lambda x: 3),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), 40, lambda x: 6),
    "arc_tangent": (mpmath.atan, 1e6, lambda x: 4),
    "error_function": (mpmath.erf, 10, lambda x: 6),
    "normal_distribution": (mpmath.ncdf, 30, lambda x: 8 + 2 * x * x),
    "normal_density": (lambda x: mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi), 30, lambda x: 6 + x * x),
    "error_slope": (lambda x: 2 * mpmath.exp(-x * x) / mpmath.sqrt(mpmath.pi), 20, lambda x: 6 + 2 * x * x),
}


@needs_compiler
@pytest.mark.parametrize("vectors", ["-march=x86-64", "-march=x86-64-v3", "-march=native"])
def test_vector_functions_of_every_vector_width(vectors, tmp_path):
    if platform.machine() not in ("x86_64", "AMD64"):
        pytest.skip("flags of x86-64")
    text = native.with_headers('#include "vector.h"\n#include "functions.h"\n', "")
    for name in [*FUNCTIONS, "sine", "cosine"]:
        text += f"""extern "C" void call_{name}(long n, const double* x, double* y) {{
          for (long i = 0; i < n; i++) {{ Vector v = Vector{{}} + x[i]; v = {name}(v); y[i] = v[LANES - 1]; }} }}\n"""
    source, library = tmp_path / "functions.cpp", tmp_path / "functions.so"
    source.write_text(text)
    flags = [flag for flag in native.FLAGS if not flag.startswith("-march")]
    subprocess.run([native._compiler(), *flags, "-w", vectors, source, "-o", library], check=True)
    loaded, rng = ctypes.CDLL(str(library)), np.random.default_rng(0)

    def call(name, x):
        y, address = np.empty_like(x), lambda array: ctypes.c_void_p(array.ctypes.data)
        getattr(loaded, f"call_{name}")(ctypes.c_long(len(x)), address(x), address(y))
        return y

    with mpmath.workdps(40):
        for name, (function, most, bound) in FUNCTIONS.items():
            x = np.concatenate([10 ** rng.uniform(-8, np.log10(most), 600) * rng.choice([-1, 1], 600), rng.uniform(-3, 3, 600)])
            for a, b in zip(x, call(name, x), strict=True):
                wanted = function(mpmath.mpf(a))
                assert abs(mpmath.mpf(b) - wanted) <= bound(a) * 2.0**-53 * abs(wanted) + mpmath.mpf(1e-290), (name, a, b)
        x = np.concatenate([rng.uniform(-4, 4, 600), rng.uniform(-1e6, 1e6, 600), [1e9, -1e15, 0.0, 1e-300]])
        for name, function in (("sine", mpmath.sin), ("cosine", mpmath.cos)):
            errors = [abs(mpmath.mpf(b) - function(mpmath.mpf(a))) for a, b in zip(x, call(name, x), strict=True)]
            assert max(errors) <= 3 * 2.0**-53, name
    for name in [*FUNCTIONS, "sine", "cosine"]:
        assert np.isnan(call(name, np.array([np.nan]))).all(), name
    infinite = np.array([-np.inf, np.inf])
    for name, ends in (
        ("exponential", [0, np.inf]),
        ("softplus", [0, np.inf]),
        ("error_function", [-1, 1]),
        ("normal_distribution", [0, 1]),
    ):
        assert call(name, infinite).tolist() == ends, name
