"""Functions of every entry, the elementary ones on any container: floats (numpy, torch, cupy), sympy, balls, elements with methods.

This is the only place where the type of a number decides what happens. Float containers go to the library they come
from; containers that bring a method ``elementary(name)`` (an exact field, say) decide themselves; the entries of an
object array are asked for a method of the function's name, sympy expressions for sympy's function.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

#: Of one entry ``z`` of an object array, through ``call(name, z)``, the entry's own exp, log, tanh, ...
_OF_ENTRY: dict[str, Callable[[Callable, Any], Any]] = {
    "sigmoid": lambda call, z: 1 / (1 + call("exp", -z)),
    "softplus": lambda call, z: call("log", 1 + call("exp", z)),
    "normal_cdf": lambda call, z: (1 + call("erf", z / _root(z, 2))) / 2,
    "normal_density": lambda call, z: call("exp", -z * z / 2) / _root(z, 2 * _pi(z)),
    "erf_slope": lambda call, z: 2 * call("exp", -z * z) / _root(z, _pi(z)),
}


def entrywise(function: Callable[..., Any], *arrays: Any) -> Any:
    """``function`` of the entries of ``arrays``, which broadcast: an object array, or one value where none has axes."""
    return np.frompyfunc(function, len(arrays), 1)(*arrays)


#: Integers beyond this are not all floats.
_FLOAT_INTEGERS = 2**53


def as_array(values: Any) -> np.ndarray:
    """``values`` as a numpy array that holds them as they are.

    Of a list with an integer beyond 2^63 and a negative one, or an integer beyond 2^53 and a float, numpy makes floats, rounded; such
    lists become object arrays.
    """
    array = np.asarray(values)
    if array.dtype.kind != "f" or hasattr(values, "dtype"):
        return array
    entries = np.array(values, dtype=object)
    return entries if any(isinstance(entry, int) and abs(entry) > _FLOAT_INTEGERS for entry in entries.flat) else array


def _of_float(name: str, z: Any) -> Any:
    xp = _namespace(z)
    match name:
        case "sigmoid":
            return _special(z).expit(z)
        case "normal_cdf":
            return _special(z).ndtr(z)
        case "erf":
            return _special(z).erf(z)
        case "softplus":
            return xp.logaddexp(z, xp.zeros_like(z))
        case "normal_density":
            return xp.exp(-z * z / 2) * (2 * np.pi) ** -0.5
        case "erf_slope":
            return xp.exp(-z * z) * (2 * np.pi**-0.5)
    return getattr(xp, name)(z)


def _namespace(z: Any) -> Any:
    """The functions of the library that ``z`` comes from; what numpy holds, most of all, is seen at once."""
    if type(z) is np.ndarray:
        return np
    import array_api_compat

    return array_api_compat.array_namespace(z)


def _special(z: Any) -> Any:
    """The special functions of the library that ``z`` comes from; never imports one that its owner did not."""
    if type(z) is not np.ndarray:
        import array_api_compat

        if array_api_compat.is_torch_array(z):
            return sys.modules["torch"].special
        if array_api_compat.is_cupy_array(z):
            from cupyx.scipy import special  # pyright: ignore[reportMissingImports]: there is one where cupy is, an extra of its own

            return special
    from scipy import special

    return special


def _call(name: str, z: Any) -> Any:
    method = getattr(z, name, None)
    if method is not None and not _is_sympy(z):
        return method()
    if _is_sympy(z):
        return getattr(sys.modules["sympy"], name)(z)
    if isinstance(z, float | np.floating):
        return _of_float(name, np.asarray(z))[()]
    raise TypeError(
        f"{name} of {z!r} ({type(z).__name__}) has no exact value of that type; "
        "expected floats, sympy expressions, balls or an exact field that contains it"
    )


def _is_sympy(z: Any) -> bool:
    sympy = sys.modules.get("sympy")
    return sympy is not None and isinstance(z, sympy.Basic)


def _root(z: Any, n: Any) -> Any:
    return sys.modules["sympy"].sqrt(n) if _is_sympy(z) else type(z)(n).sqrt()


def _pi(z: Any) -> Any:
    return sys.modules["sympy"].pi if _is_sympy(z) else type(z).pi()


def elementary(name: str, z: Any) -> Any:
    """The function ``name`` (exp, tanh, sin, cos, atan, erf, sigmoid, softplus, normal_cdf, ...) of every entry of ``z``.

    Raises TypeError where an entry's type cannot hold the value.
    """
    if hasattr(z, "elementary"):
        return z.elementary(name)
    if not (isinstance(z, np.ndarray) and z.dtype == object):
        return _of_float(name, z)
    rule = _OF_ENTRY.get(name)
    of_entry = (lambda entry: rule(_call, entry)) if rule else (lambda entry: _call(name, entry))
    return entrywise(of_entry, z)
