"""The numeric side: arithmetics, derivatives, ranks, inertia, training. Knows the models of ``theory``, nothing of claims."""
