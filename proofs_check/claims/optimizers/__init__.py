r"""First-order optimizers near a minimum: Adam, momentum and loss spikes.

On L(x) = x^k/k, k >= 4 even, Adam with eps = 0 and without bias correction converges linearly, at a rate that beta_2 alone sets, where
two inequalities hold (arXiv:2603.09581). On quadratics its preconditioner decides when a step is unstable (arXiv:2506.04805, 2305.12133).
"""

from proofs_check import Assumption, Paper

DEGENERATE = Paper("arXiv:2603.09581v1")
PRECONDITIONERS = Paper("arXiv:2506.04805v1")
SPIKES = Paper("arXiv:2305.12133v1")

NOTATION = {
    "L": "the loss; on the line x^k/k",
    r"\varepsilon": "what Adam adds to the root of the second moment",
    "k": "an even integer, at least 4",
    "x_t": "the parameter after t steps",
    r"\eta": "learning rate, positive",
    r"\beta_1": "memory of the first moment, in [0, 1)",
    r"\beta_2": "memory of the second moment, in (0, 1)",
    r"\rho": r"beta_2^(1/(2(k-2))), in (0, 1)",
    "g_t": "the gradient at x_t",
    "m_t": "first moment, m_t = beta_1 m_(t-1) + (1 - beta_1) g_t",
    "v_t": "second moment, v_t = beta_2 v_(t-1) + (1 - beta_2) g_t^2",
    "w": "m_t/x_t^(k-1)",
    "l": "x_t^(k-2)/sqrt(v_t)",
    "r": "the ratio x_(t+1)/x_t = 1 - eta w l",
    r"\lambda": "a curvature: an eigenvalue of the Hessian",
    "H": "the Hessian of a quadratic loss",
    "P": "a diagonal preconditioner, positive",
    r"\mu": "momentum, in [0, 1)",
}

EVEN = Assumption("even power", r"k \ge 4 \text{ even}")
NO_EPS = Assumption("no eps", r"\varepsilon = 0")
NO_CORRECTION = Assumption("no bias correction", r"x_{t+1} = x_t - \eta\, m_t/\sqrt{v_t},\ m_0 = g_0,\ v_0 = g_0^2")
