// The frame of generated kernels: arrays are [block][number][LANES], every block makes all its steps before the next. Lanes are networks, or,
// with UNITS, a block is one network whose numbers fill SLOTS vectors; what belongs to the network as a whole then stands in every lane.
//
// METHOD 0 to 2 are those of update.h, 3 follows the gradient flow. BATCH > 0: every step sees that many samples, which `order` names.
// DROPPED > 0: in every step so many parameters are multiplied by 0 or 1 / keep. SHAPE is what numerics.train.generate has written.
#include "vector.h"
#include "functions.h"

typedef uint64_t Word __attribute__((vector_size(WIDTH_IN_BYTES)));

LANE Vector spread(double x) { return x - Vector{}; }
LANE Vector spread(Vector x) { return x; }
LANE void put(Vector& to, int lane, const Vector& from, double factor) { to[lane] = from[lane] * factor; }
LANE void put(double& to, int, double from, double factor) { to = from * factor; }

#if UNITS
#include "units.h"
typedef double Number;
enum { COLUMNS = 1 };
// The largest number of a network, in every lane; NaN where one is.
LANE Vector of_network(Vector x) {
  double most = x[0];
  for (int lane = 1; lane < LANES; lane++) most = most != most ? most : x[lane] <= most ? most : x[lane];
  return Vector{} + most;
}
#else
typedef Vector Number;
enum { COLUMNS = LANES };
LANE Vector of_network(Vector x) { return x; }
#endif
#include "losses.h"

#include SHAPE

// One working array after the other from one block of memory.
struct Memory {
  Vector* next;
  Vector* take(long count) {
    Vector* taken = next;
    next += count;
    return taken;
  }
};

#if METHOD == 3
#include "flow.h"
#define WORKING (SCRATCH + SLOTS + FLOW_WORKING)
#else
#if METHOD != 2
#define EACH_SLOT UNROLL for (int k = 0; k < SLOTS; k++)
#endif
#include "update.h"
#define WORKING (SCRATCH + 2 * SLOTS + BATCH * (INPUTS + OUTPUTS + 1))
#endif

#if DROPPED
enum { MASKS = (NEURONS * COLUMNS + LANES - 1) / LANES };
// The finalizer of SplitMix64, as numerics.train.general has it: masks are a function of seed and step alone.
LANE Word mixed(Word x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

// 1 / keep or 0 for every neuron.
LANE void draw_mask(Word seed, Word step, double keep, Vector* mask) {
  const Word stream = mixed(mixed(seed ^ 0x64726F706F757421ull) ^ mixed(step));
  const int64_t below = (int64_t)__builtin_ceil(keep * 9007199254740992.);  // k 2^-53 < keep where k < below
  Word neurons = {};
#if UNITS
  for (int lane = 0; lane < LANES; lane++) neurons[lane] = lane;
#endif
  for (int k = 0; k < MASKS; k++) {
    const Whole drawn = (Whole)(mixed(stream ^ (neurons + (uint64_t)(k * (LANES / COLUMNS)))) >> 11);
    mask[k] = drawn < below ? Vector{} + 1. / keep : Vector{};
  }
}
#endif

extern "C" int lanes() { return LANES; }
extern "C" int together() { return TOGETHER; }

#if METHOD != 3
#if BATCH
// Sample `order` of every lane; the weights are scaled so that the gradient is unbiased.
LANE void gather(int n, const int* order, const X* x, const Y* y, const W* w, X* bx, Y* by, W* bw) {
  for (int i = 0; i < BATCH; i++)
    for (int lane = 0; lane < COLUMNS; lane++) {
      const long row = order[i * COLUMNS + lane];
      for (int k = 0; k < INPUTS; k++) put(bx[i * INPUTS + k], lane, x[row * INPUTS + k], 1.);
      for (int k = 0; k < OUTPUTS; k++) put(by[i * OUTPUTS + k], lane, y[row * OUTPUTS + k], 1.);
      put(bw[i], lane, w[row], n / (double)BATCH);
    }
}
#endif

LANE Vector descend(int n, int samples, long steps, Vector rate, Vector* theta, Vector* state, const X* x, const Y* y, const W* w,
                    const double* parameters, Word seed, Word* made, const int* order, Memory memory) {
  Vector *g = memory.take(SLOTS), *scratch = memory.take(SCRATCH);
  const Vector* at = theta;
#if BATCH
  X* bx = (X*)memory.take(BATCH * INPUTS);
  Y* by = (Y*)memory.take(BATCH * OUTPUTS);
  W* bw = (W*)memory.take(BATCH);
#endif
#if DROPPED
  Vector mask[MASKS], *masked = memory.take(SLOTS);
  at = masked;
#endif
  for (long s = 0; s < steps; s++) {
#if DROPPED
    draw_mask(seed, *made, parameters[4], mask);
    for (int k = 0; k < SLOTS; k++) masked[k] = theta[k];
    for (int k = 0; k < DROPPED; k++) ((Number*)masked)[dropped[k]] *= ((Number*)mask)[neuron[k]];
#endif
#if BATCH
    gather(samples, order + s * BATCH * COLUMNS, x, y, w, bx, by, bw);
    loss_and_gradient<true>(BATCH, at, bx, by, bw, g, scratch);
#else
    loss_and_gradient<true>(n, at, x, y, w, g, scratch);
#endif
#if DROPPED
    for (int k = 0; k < DROPPED; k++) ((Number*)g)[dropped[k]] *= ((Number*)mask)[neuron[k]];
#endif
    update<Vector>(rate, theta, g, state, state + STATE - (METHOD == 2 ? 2 : 0), parameters);
    *made += 1;
  }
  return loss_and_gradient<false>(n, theta, x, y, w, g, scratch);
}
#endif

// Blocks first .. last - 1; strides x_block, y_block, w_block count numbers or vectors from one block to the next: 0 where all networks
// share the data. n is padded to whole groups of samples, `samples` is not. Returns 1 where memory gives out.
extern "C" int advance(long first, long last, int n, int samples, long steps, const Vector* rate, const X* x, long x_block, const Y* y, long y_block,
                       const W* w, long w_block, Vector* theta, Vector* state, Vector* loss, const double* parameters, const Word* seed,
                       Word* made, const int* order, long order_block) {
  Vector* memory = (Vector*)aligned_alloc(64, ((WORKING + 1) * sizeof(Vector) + 63) / 64 * 64);
  if (!memory) return 1;
  if (UNITS) memset(memory, 0, WORKING * sizeof(Vector));  // slots without a parameter stay 0
  for (long b = first; b < last; b++)
#if METHOD == 3
    loss[b] = flow(n, steps, theta + b * SLOTS, state + b * 2, x + b * x_block, y + b * y_block, w + b * w_block, parameters, made + b,
                   Memory{memory});
#else
    loss[b] = descend(n, samples, steps, rate[b], theta + b * SLOTS, state + b * STATE, x + b * x_block, y + b * y_block, w + b * w_block,
                      parameters, seed[b], made + b, order + b * order_block, Memory{memory});
#endif
  free(memory);
  return 0;
}
