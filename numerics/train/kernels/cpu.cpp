// SIMD lanes are networks: arrays are [block][number][LANES] and every block makes all its steps before the next one starts.
#include "vector.h"

#include SHAPE
#include "descend.h"

extern "C" int lanes() { return LANES; }

// Blocks first .. last - 1. Strides x_block, y_block, w_block count vectors from one block to the next: 0 where all networks share the data.
extern "C" void descend_blocks(long first, long last, int n, long steps, const Vector* rate, const Vector* x, long x_block, const Vector* y,
                               long y_block, const Vector* weight, long w_block, Vector* theta, Vector* state, Vector* loss,
                               const double* parameters) {
  alignas(64) Vector g[PARAMETERS];
  for (long b = first; b < last; b++)
    loss[b] = descend<Vector>(n, steps, rate[b], theta + b * PARAMETERS, state + b * STATE, x + b * x_block, 1, y + b * y_block, 1,
                              weight + b * w_block, 1, g, parameters);
}
