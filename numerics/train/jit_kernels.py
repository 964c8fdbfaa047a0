"""Kernels of three families for numba, where no C++ compiler is at hand; sizes are arguments, lanes are inner loops.

Arrays of one block are (numbers, LANES). Each loop over lanes becomes vector instructions; numba keeps the machine code in its
own cache. Sizes are those of numerics.train.shapes, methods those of kernels/update.h.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

LANES = 64  # long loops spare the checks that numba puts before every vectorized one; 8 made it three times slower
TANH, SIGMOID, RELU, LEAKY, IDENTITY = range(5)
CODES = {"tanh": TANH, "sigmoid": SIGMOID, "relu": RELU, "leaky": LEAKY, "identity": IDENTITY}

_SHIFT = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to an integer kept in the low bits
#: e^r - 1 = r + r^2 p(r), as in kernels/vector.h.
_P0, _P1, _P2, _P3, _P4 = 0.5000000000000007, 0.16666666666666696, 0.0416666666665625, 0.008333333333293249, 0.0013888888936151441
_P5, _P6, _P7, _P8 = 0.00019841269986844282, 2.4801499787156758e-5, 2.755711697104583e-6, 2.7628216579642247e-7
_P9 = 2.5161344674933025e-8

_compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})


@_compiled
def _power_and_rest(x, power, bits, rest):
    """power + rest = e^x with power a power of two, |x| <= 700; ``bits`` views ``power`` as integers."""
    for l in range(x.size):
        power[l] = x[l] * 1.4426950408889634 + _SHIFT
    for l in range(x.size):
        n = power[l] - _SHIFT
        r = (x[l] - n * 0.6931471804855391) - n * 7.440617110012397e-11
        square = r * r
        even = (((_P8 * square + _P6) * square + _P4) * square + _P2) * square + _P0
        odd = (((_P9 * square + _P7) * square + _P5) * square + _P3) * square + _P1
        rest[l] = (odd * r + even) * square + r
    for l in range(x.size):
        bits[l] = (bits[l] + 1023) << 52
    for l in range(x.size):
        rest[l] *= power[l]


@_compiled
def _activate(code, z, power, bits, rest):
    """z becomes sigma(z); all units of a sample at once, so that the loops are long enough for vectors."""
    if code == TANH:
        for l in range(z.size):
            x = 2 * z[l]
            x = 40.0 if x > 40.0 else x
            z[l] = -40.0 if x < -40.0 else x
        _power_and_rest(z, power, bits, rest)
        for l in range(z.size):
            t = rest[l] + (power[l] - 1.0)
            z[l] = t / (t + 2.0)
    elif code == SIGMOID:
        for l in range(z.size):
            x = -z[l]
            x = 700.0 if x > 700.0 else x
            z[l] = -700.0 if x < -700.0 else x
        _power_and_rest(z, power, bits, rest)
        for l in range(z.size):
            z[l] = 1.0 / (1.0 + (power[l] + rest[l]))
    elif code == RELU or code == LEAKY:
        below = 0.0 if code == RELU else 0.5
        for l in range(z.size):
            z[l] = z[l] if z[l] > 0.0 else below * z[l]


@_compiled
def _times_slope(code, back, h):
    """back *= sigma'(z), from the value h = sigma(z)."""
    if code == TANH:
        for l in range(h.size):
            back[l] *= 1.0 - h[l] * h[l]
    elif code == SIGMOID:
        for l in range(h.size):
            back[l] *= h[l] - h[l] * h[l]
    elif code == RELU or code == LEAKY:
        below = 0.0 if code == RELU else 0.5
        for l in range(h.size):
            back[l] *= 1.0 if h[l] > 0.0 else below


@_compiled
def patch_gradient(n, sizes, seen, theta, x, y, twice_weight, g, loss, hidden, residual, scratch, bits):
    """Gradient of one block into g and its loss into loss; sizes = (kernels, outputs, inputs, sharing, bias, output bias, activation)."""
    kernels, outputs, inputs, sharing, bias, output_bias, code = sizes
    positions, entries = seen.shape
    units = kernels * positions
    vectors = kernels if sharing else units
    biases = vectors * entries
    out = biases + (vectors if bias else 0)
    back, power, rest = scratch[0, :LANES], scratch[1], scratch[2]
    g[:] = 0.0
    loss[:] = 0.0
    for i in range(n):
        for t in range(outputs):
            for l in range(LANES):
                residual[t, l] = -y[i * outputs + t, l]
            if output_bias:
                for l in range(LANES):
                    residual[t, l] += theta[out + outputs * units + t, l]
        for u in range(units):
            v = u // positions if sharing else u
            z = hidden[u]
            for l in range(LANES):
                z[l] = theta[biases + v, l] if bias else 0.0
            for s in range(entries):
                k, j = v * entries + s, i * inputs + seen[u % positions, s]
                for l in range(LANES):
                    z[l] += theta[k, l] * x[j, l]
        _activate(code, hidden.reshape(-1), power, bits, rest)
        for u in range(units):
            for t in range(outputs):
                for l in range(LANES):
                    residual[t, l] += theta[out + t * units + u, l] * hidden[u, l]
        for t in range(outputs):
            for l in range(LANES):
                weighted = twice_weight[i, l] * residual[t, l]
                loss[l] += 0.5 * weighted * residual[t, l]
                residual[t, l] = weighted
            if output_bias:
                for l in range(LANES):
                    g[out + outputs * units + t, l] += residual[t, l]
        for u in range(units):
            v = u // positions if sharing else u
            for l in range(LANES):
                back[l] = 0.0
            for t in range(outputs):
                k = out + t * units + u
                for l in range(LANES):
                    back[l] += residual[t, l] * theta[k, l]
                    g[k, l] += residual[t, l] * hidden[u, l]
            _times_slope(code, back, hidden[u])
            if bias:
                for l in range(LANES):
                    g[biases + v, l] += back[l]
            for s in range(entries):
                k, j = v * entries + s, i * inputs + seen[u % positions, s]
                for l in range(LANES):
                    g[k, l] += back[l] * x[j, l]


@_compiled
def entry_gradient(d1, d2, width, theta, y, twice_weight, g, loss, residual):
    """Gradient and loss of one block of factorizations."""
    g[:] = 0.0
    loss[:] = 0.0
    right = d1 * width
    for i in range(d1):
        for j in range(d2):
            e = i * d2 + j
            for l in range(LANES):
                residual[0, l] = -y[e, l]
            for k in range(width):
                for l in range(LANES):
                    residual[0, l] += theta[i * width + k, l] * theta[right + k * d2 + j, l]
            for l in range(LANES):
                weighted = twice_weight[e, l] * residual[0, l]
                loss[l] += 0.5 * weighted * residual[0, l]
                residual[0, l] = weighted
            for k in range(width):
                for l in range(LANES):
                    g[i * width + k, l] += residual[0, l] * theta[right + k * d2 + j, l]
                    g[right + k * d2 + j, l] += residual[0, l] * theta[i * width + k, l]


@_compiled
def update(method, rate, theta, g, state, parameters):
    """One step of gradient descent (0), heavy ball (1) or Adam (2)."""
    P = theta.shape[0]
    if method == 0:
        for k in range(P):
            for l in range(LANES):
                theta[k, l] -= rate[0, l] * g[k, l]
    elif method == 1:
        for k in range(P):
            for l in range(LANES):
                state[k, l] = parameters[0] * state[k, l] + g[k, l]
                step = g[k, l] + parameters[0] * state[k, l] if parameters[1] != 0.0 else state[k, l]
                theta[k, l] -= rate[0, l] * step
    else:
        for l in range(LANES):
            state[2 * P, l] *= parameters[0]
            state[2 * P + 1, l] *= parameters[1]
        for k in range(P):
            for l in range(LANES):
                m = parameters[0] * state[k, l] + (1.0 - parameters[0]) * g[k, l]
                v = parameters[1] * state[P + k, l] + (1.0 - parameters[1]) * g[k, l] * g[k, l]
                state[k, l], state[P + k, l] = m, v
                if parameters[3] != 0.0:
                    m /= 1.0 - state[2 * P, l]
                    v /= 1.0 - state[2 * P + 1, l]
                if m != 0.0:
                    theta[k, l] -= rate[0, l] * (m / (math.sqrt(v) + parameters[2]))


@_compiled
def descend_patches(first, last, n, steps, method, sizes, seen, rate, x, y, twice_weight, theta, state, loss, parameters):
    """Blocks first .. last - 1 make ``steps`` steps, and their losses are taken; shared data have one block."""
    units, outputs = sizes[0] * seen.shape[0], sizes[1]
    g, hidden, residual = np.empty((theta.shape[1], LANES)), np.empty((units, LANES)), np.empty((outputs, LANES))
    scratch = np.empty((3, units * LANES))
    bits = scratch[1].view(np.int64)
    for b in range(first, last):
        X, Y, W = x[b % x.shape[0]], y[b % y.shape[0]], twice_weight[b % twice_weight.shape[0]]
        for _ in range(steps):
            patch_gradient(n, sizes, seen, theta[b], X, Y, W, g, loss[b, 0], hidden, residual, scratch, bits)
            update(method, rate[b], theta[b], g, state[b], parameters)
        patch_gradient(n, sizes, seen, theta[b], X, Y, W, g, loss[b, 0], hidden, residual, scratch, bits)


@_compiled
def descend_entries(first, last, steps, method, d1, d2, width, rate, y, twice_weight, theta, state, loss, parameters):
    """The same for factorizations."""
    g, residual = np.empty((theta.shape[1], LANES)), np.empty((1, LANES))
    for b in range(first, last):
        Y, W = y[b % y.shape[0]], twice_weight[b % twice_weight.shape[0]]
        for _ in range(steps):
            entry_gradient(d1, d2, width, theta[b], Y, W, g, loss[b, 0], residual)
            update(method, rate[b], theta[b], g, state[b], parameters)
        entry_gradient(d1, d2, width, theta[b], Y, W, g, loss[b, 0], residual)
