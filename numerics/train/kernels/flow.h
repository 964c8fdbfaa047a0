// theta' = -gradient by the pair of Dormand and Prince, every lane with a step of its own; numerics.train.flow in lanes.
//
// parameters = {end, rtol, atol}, state = {time, step size}; a step size of 0 is to be chosen. A step is one attempt.

#define FLOW_WORKING (8 * SLOTS)

TABLE double stage[6][6] = {{1. / 5},
                            {3. / 40, 9. / 40},
                            {44. / 45, -56. / 15, 32. / 9},
                            {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
                            {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
                            {35. / 384, 0., 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
TABLE double difference[7] = {71. / 57600, 0., -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40};

LANE Vector larger_or_nan(Vector x, Vector y) { return x != x ? x : larger(x, y); }

template <int ROW>
LANE void combine(Vector h, const Vector* theta, const Vector* slopes, Vector* trial) {
  for (int k = 0; k < SLOTS; k++) {
    Vector sum = {};
    UNROLL for (int j = 0; j <= ROW; j++) if (stage[ROW][j] != 0.) sum += stage[ROW][j] * slopes[j * SLOTS + k];
    trial[k] = theta[k] + h * sum;
  }
}

LANE Vector flow(int n, long steps, Vector* theta, Vector* state, const X* x, const Y* y, const W* w, const double* parameters, Word* made,
                 Memory memory) {
  const double end = parameters[0], rtol = parameters[1], atol = parameters[2];
  Vector *slopes = memory.take(7 * SLOTS), *trial = memory.take(SLOTS), *g = memory.take(SLOTS), *scratch = memory.take(SCRATCH);
  Vector time = state[0], step_size = state[1], loss = {};
  // steps -1: the slope where the flow stands; then six evaluations an attempt
  const Vector *at = theta;
  for (long s = -1; s < steps; s++) {
    const Vector remaining = end - time, h = step_size < remaining ? step_size : remaining;
    if (s >= 0) {
      bool all_there = true;
      for (int lane = 0; lane < LANES; lane++) all_there &= !(remaining[lane] > 0.);
      if (all_there) break;
    }
    Vector value = {};
    for (int row = s < 0 ? 5 : 0; row < 6; row++) {
      if (s >= 0) {
        switch (row) {
          case 0: combine<0>(h, theta, slopes, trial); break;
          case 1: combine<1>(h, theta, slopes, trial); break;
          case 2: combine<2>(h, theta, slopes, trial); break;
          case 3: combine<3>(h, theta, slopes, trial); break;
          case 4: combine<4>(h, theta, slopes, trial); break;
          default: combine<5>(h, theta, slopes, trial);
        }
        at = trial;
      }
      value = loss_and_gradient<true>(n, at, x, y, w, g, scratch);
      Vector* slope = slopes + (s < 0 ? 0 : row + 1) * SLOTS;
      for (int k = 0; k < SLOTS; k++) slope[k] = -g[k];
    }
    Vector size = {}, error = {};
    if (s < 0) {
      loss = value;
      for (int k = 0; k < SLOTS; k++) size = larger_or_nan(absolute(theta[k]), size), error = larger_or_nan(absolute(slopes[k]), error);
      size = of_network(size), error = of_network(error);
      const Vector first = size > 0. ? error > 0. ? .01 * size / error : Vector{} + .01 : Vector{} + .01;
      step_size = step_size == 0. ? first : step_size;
      continue;
    }
    for (int k = 0; k < SLOTS; k++) {
      Vector sum = {};
      UNROLL for (int j = 0; j < 7; j++) if (difference[j] != 0.) sum += difference[j] * slopes[j * SLOTS + k];
      error = larger_or_nan(absolute(h * sum), error);
      size = larger_or_nan(absolute(trial[k]), larger_or_nan(absolute(theta[k]), size));
    }
    size = of_network(size), error = of_network(error);
    error = error == 0. ? Vector{} : error / (atol + rtol * size);
    const auto accepted = (value - value == 0.) & (error <= 1.);
    for (int k = 0; k < SLOTS; k++) {
      theta[k] = accepted ? trial[k] : theta[k];
      slopes[k] = accepted ? slopes[6 * SLOTS + k] : slopes[k];
    }
    loss = accepted ? value : loss;
    const Vector later = h == remaining ? Vector{} + end : time + h;
    *made += (Word)((remaining > 0.) & 1);
    time = accepted ? later : time;
    Vector factor;
    for (int lane = 0; lane < LANES; lane++) {
      const double e = error[lane] <= 1e10 ? error[lane] : 1e10;
      const double f = .9 * __builtin_pow(e < 1e-10 ? 1e-10 : e, -.2);
      factor[lane] = f < .2 ? .2 : f > 5. ? 5. : f;
    }
    // a last step cut short by the end time says nothing against the longer step
    step_size = accepted & (h < step_size) ? step_size : h * factor;
  }
  state[0] = time;
  state[1] = step_size;
  return loss;
}
