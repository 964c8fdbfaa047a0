// Loss and gradient of a network with one hidden layer of units that look at patches of the input.
//
// Sizes are macros: KERNELS weight vectors of ENTRIES entries, each at POSITIONS places (a two-layer network has one), OUTPUTS
// outputs, INPUTS numbers per sample. SHARING, BIAS, OUTPUT_BIAS are 0 or 1; SEEN(p, s) is the input that entry s
// sees at place p. V is double in a CUDA thread. theta is flat as in the Python models.

#define UNITS (KERNELS * POSITIONS)
#define VECTORS (SHARING ? KERNELS : UNITS)
#define BIASES (VECTORS * ENTRIES)
#define OUT (BIASES + (BIAS ? VECTORS : 0))
#define OUT_BIAS (OUT + OUTPUTS * UNITS)
#define PARAMETERS (OUT_BIAS + (OUTPUT_BIAS ? OUTPUTS : 0))

#ifdef SEEN_TABLE
TABLE int seen[] = SEEN_TABLE;
#endif

// Adds the gradient of the next SAMPLES samples to g and their weighted squares to loss.
template <class V, int SAMPLES>
LANE void add_samples(const V* RESTRICT theta, const V* RESTRICT x, long xs, const V* RESTRICT y, long ys, const V* RESTRICT twice_weight,
                      long ws, V* RESTRICT g, V& loss) {
  V hidden[UNITS][SAMPLES], residual[OUTPUTS][SAMPLES];
  UNROLL for (int t = 0; t < OUTPUTS; t++) {
    UNROLL for (int i = 0; i < SAMPLES; i++) {
      const V target = y[(i * OUTPUTS + t) * ys];
      residual[t][i] = OUTPUT_BIAS ? theta[OUT_BIAS + t] - target : -target;
    }
  }
  UNROLL_KERNELS for (int k = 0; k < KERNELS; k++) {
    UNROLL for (int p = 0; p < POSITIONS; p++) {
      const int u = k * POSITIONS + p, v = SHARING ? k : u;
      UNROLL for (int i = 0; i < SAMPLES; i++) {
        V z = BIAS ? theta[BIASES + v] : V{};
        UNROLL for (int s = 0; s < ENTRIES; s++) z += theta[v * ENTRIES + s] * x[(i * INPUTS + SEEN(p, s)) * xs];
        hidden[u][i] = activate(z);
      }
      UNROLL for (int t = 0; t < OUTPUTS; t++) {
        UNROLL for (int i = 0; i < SAMPLES; i++) residual[t][i] += theta[OUT + t * UNITS + u] * hidden[u][i];
      }
    }
  }
  UNROLL for (int t = 0; t < OUTPUTS; t++) {
    UNROLL for (int i = 0; i < SAMPLES; i++) {
      const V weighted = twice_weight[i * ws] * residual[t][i];
      loss += weighted * residual[t][i];
      residual[t][i] = weighted;
      if (OUTPUT_BIAS) g[OUT_BIAS + t] += weighted;
    }
  }
  UNROLL_KERNELS for (int k = 0; k < KERNELS; k++) {
    UNROLL for (int p = 0; p < POSITIONS; p++) {
      const int u = k * POSITIONS + p, v = SHARING ? k : u;
      UNROLL for (int i = 0; i < SAMPLES; i++) {
        V back = V{};
        UNROLL for (int t = 0; t < OUTPUTS; t++) {
          back += residual[t][i] * theta[OUT + t * UNITS + u];
          g[OUT + t * UNITS + u] += residual[t][i] * hidden[u][i];
        }
        back *= slope(hidden[u][i]);
        if (BIAS) g[BIASES + v] += back;
        UNROLL for (int s = 0; s < ENTRIES; s++) g[v * ENTRIES + s] += back * x[(i * INPUTS + SEEN(p, s)) * xs];
      }
    }
  }
}

// g receives the gradient, the loss is returned; x, y and twice the weights are read with steps of xs, ys, ws between consecutive numbers.
template <class V>
LANE V loss_and_gradient(int n, const V* RESTRICT theta, const V* RESTRICT x, long xs, const V* RESTRICT y, long ys,
                         const V* RESTRICT twice_weight, long ws, V* RESTRICT g) {
  constexpr int MANY = TOGETHER(POSITIONS);
  V loss = V{};
  int i = 0;
  for (int k = 0; k < PARAMETERS; k++) g[k] = V{};
  for (; MANY > 1 && i + MANY <= n; i += MANY)
    add_samples<V, MANY>(theta, x + (long)i * INPUTS * xs, xs, y + (long)i * OUTPUTS * ys, ys, twice_weight + i * ws, ws, g, loss);
  for (; i < n; i++) add_samples<V, 1>(theta, x + (long)i * INPUTS * xs, xs, y + (long)i * OUTPUTS * ys, ys, twice_weight + i * ws, ws, g, loss);
  return .5 * loss;
}
