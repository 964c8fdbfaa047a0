// One step of a first-order method.
//
// METHOD 0: gradient descent. 1: heavy ball, parameters = {momentum, nesterov}, state = velocity. 2: Adam, parameters =
// {beta1, beta2, eps, bias correction}, state = first moment, second moment, beta1^t, beta2^t.

#if METHOD == 0
#define STATE 0
#elif METHOD == 1
#define STATE SLOTS
#else
#define STATE (2 * SLOTS + 2)
#endif

// How parameters are gone through; `power` are the last two numbers of the state, of Adam alone.
#ifndef EACH_SLOT
#define EACH_SLOT for (int k = 0; k < SLOTS; k++)
#endif

template <class V>
LANE void update(V rate, V* theta, const V* g, V* state, V* power, const double* parameters) {
#if METHOD == 0
  EACH_SLOT theta[k] -= rate * g[k];
#elif METHOD == 1
  EACH_SLOT {
    const V velocity = state[k] = parameters[0] * state[k] + g[k];
    theta[k] -= rate * (parameters[1] != 0.0 ? g[k] + parameters[0] * velocity : velocity);
  }
#else
  V *first = state, *second = state + SLOTS;
  const V whole = V{} + 1.0;
  const bool correct = parameters[3] != 0.0;
  power[0] *= parameters[0];
  power[1] *= parameters[1];
  const V scale1 = correct ? whole - power[0] : whole, scale2 = correct ? whole - power[1] : whole;
  EACH_SLOT {
    const V m = first[k] = parameters[0] * first[k] + (1.0 - parameters[0]) * g[k];
    second[k] = parameters[1] * second[k] + (1.0 - parameters[1]) * g[k] * g[k];
    const V step = (m / scale1) / (square_root(second[k] / scale2) + parameters[2]);
    theta[k] -= m == 0.0 ? V{} : rate * step;
  }
#endif
}
