"""Implicit regularization of gradient flow: what a data-independent function G(theta, theta_0) can and cannot describe.

Gradient flow from theta_0 on a dataset S converges to Phi_S(theta_0) in M_S, the set of global minima. G is *strict* when
Phi_S(theta_0) is the only minimizer of G(., theta_0) on M_S for every S, *weak* when it is a minimizer. Source: Zhang, Xu, Luo and
Zhang, Limitation of characterizing implicit regularization by data-independent functions (arXiv:2201.12198).
"""
