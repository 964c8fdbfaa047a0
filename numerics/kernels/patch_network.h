// Loss and gradient of a network with one hidden layer of units that look at patches of the input; one network per lane.
//
// Sizes are macros: KERNELS weight vectors of ENTRIES entries, each at POSITIONS places (a two-layer network has one), OUTPUTS
// outputs, INPUTS numbers per sample. SHARING, BIAS, OUTPUT_BIAS are 0 or 1; SEEN(p, s) is the input that entry s
// sees at place p. V is a SIMD vector of networks on a CPU, double in a CUDA thread. theta is flat as in the Python models.

#define UNITS (KERNELS * POSITIONS)
#define VECTORS (SHARING ? KERNELS : UNITS)
#define BIASES (VECTORS * ENTRIES)
#define OUT (BIASES + (BIAS ? VECTORS : 0))
#define OUT_BIAS (OUT + OUTPUTS * UNITS)
#define PARAMETERS (OUT_BIAS + (OUTPUT_BIAS ? OUTPUTS : 0))

#ifdef SEEN_TABLE
TABLE int seen[] = SEEN_TABLE;
#endif

// g receives the gradient, the loss is returned; x, y and twice the weights are read with steps of xs, ys, ws between consecutive numbers.
template <class V>
LANE V loss_and_gradient(int n, const V* RESTRICT theta, const V* RESTRICT x, long xs, const V* RESTRICT y, long ys,
                         const V* RESTRICT twice_weight, long ws, V* RESTRICT g) {
  V loss = V{};
  for (int k = 0; k < PARAMETERS; k++) g[k] = V{};
  for (int i = 0; i < n; i++, x += INPUTS * xs, y += OUTPUTS * ys, twice_weight += ws) {
    V hidden[UNITS], residual[OUTPUTS];
    UNROLL for (int t = 0; t < OUTPUTS; t++) residual[t] = OUTPUT_BIAS ? theta[OUT_BIAS + t] - y[t * ys] : -y[t * ys];
    UNROLL_KERNELS for (int k = 0; k < KERNELS; k++) {
      UNROLL for (int p = 0; p < POSITIONS; p++) {
        const int u = k * POSITIONS + p, v = SHARING ? k : u;
        V z = BIAS ? theta[BIASES + v] : V{};
        UNROLL for (int s = 0; s < ENTRIES; s++) z += theta[v * ENTRIES + s] * x[SEEN(p, s) * xs];
        hidden[u] = z = activate(z);
        UNROLL for (int t = 0; t < OUTPUTS; t++) residual[t] += theta[OUT + t * UNITS + u] * z;
      }
    }
    UNROLL for (int t = 0; t < OUTPUTS; t++) {
      const V weighted = *twice_weight * residual[t];
      loss += weighted * residual[t];
      residual[t] = weighted;
      if (OUTPUT_BIAS) g[OUT_BIAS + t] += weighted;
    }
    UNROLL_KERNELS for (int k = 0; k < KERNELS; k++) {
      UNROLL for (int p = 0; p < POSITIONS; p++) {
        const int u = k * POSITIONS + p, v = SHARING ? k : u;
        V back = V{};
        UNROLL for (int t = 0; t < OUTPUTS; t++) {
          back += residual[t] * theta[OUT + t * UNITS + u];
          g[OUT + t * UNITS + u] += residual[t] * hidden[u];
        }
        back *= slope(hidden[u]);
        if (BIAS) g[BIASES + v] += back;
        UNROLL for (int s = 0; s < ENTRIES; s++) g[v * ENTRIES + s] += back * x[SEEN(p, s) * xs];
      }
    }
  }
  return .5 * loss;
}
