r"""The exact parts of papers on differential equations whose subject is an application of networks.

Laplace-fPINNs (2304.00909) rests on the transform of the Caputo derivative, MOD-Net (2107.03673) on a Green's function, the multiscale
networks of 2112.06660 on what scaling does to frequencies. These are exact and tested here; that networks trained on them solve
equations well is shown by experiment in the papers, and not claimed.
"""

from proofs_check.declaration import Paper

FRACTIONAL = Paper("arXiv:2304.00909v1")
OPERATOR = Paper("arXiv:2107.03673v1")
MULTISCALE = Paper("arXiv:2112.06660v1")

NOTATION = {
    r"\alpha": "order of the derivative in time, 0 < alpha < 1",
    r"D^\alpha": "Caputo derivative",
    r"\mathcal{L}": "Laplace transform",
    "u, U": "a function of t >= 0 and its Laplace transform",
    "s": "variable of the transform, s > 0",
    "t": "time",
    r"\beta": "a power",
    r"E_\alpha": "Mittag-Leffler function",
    r"\lambda": "rate of relaxation, at least 0",
}
