// Many steps of a first-order method on one lane of networks, everything in registers or the nearest cache.

#include "update.h"

// theta and state are moved on by `steps` steps; the loss at the end is returned, g is scratch.
template <class V>
LANE V descend(int n, long steps, V rate, V* theta, V* state, const V* x, long xs, const V* y, long ys, const V* twice_weight, long ws, V* g,
               const double* parameters) {
  for (long s = 0; s < steps; s++) {
    loss_and_gradient<V>(n, theta, x, xs, y, ys, twice_weight, ws, g);
    update<V>(rate, theta, g, state, parameters);
  }
  return loss_and_gradient<V>(n, theta, x, xs, y, ys, twice_weight, ws, g);
}
