// Many steps of a first-order method on a GPU. SHAPE is what numerics.train.generate has written of the model; METHOD is as in update.h,
// THREADS is the size of a block, of which every TEAM threads train one network. With one thread a network stands in its registers, and
// arrays are [number][network]; a team has it in shared memory (SHARED) or in `working`, and arrays are [network][number].
#include "device.h"
#include "functions.h"
#include "losses.h"

#include SHAPE

#if TEAM == 1
#define EACH_SLOT UNROLL for (int k = 0; k < SLOTS; k++)
#else
#define EACH_SLOT for (int k = thread(); k < SLOTS; k += TEAM)
#endif
#include "update.h"

enum { WORKING = 2 * SLOTS + SCRATCH };

// Every `check_every` steps the loss on all samples is looked at. A network ends where it is at most `threshold` or no longer finite; theta and
// loss are then those of the last finite look, the loss infinite. `ended` says which networks had ended before, `made` counts steps.
extern "C" __global__ void __launch_bounds__(THREADS)
train_networks(long networks, int n, long steps, long check_every, const double* rate, const double* threshold, const double* offset,
               const double* x, long x_network, long x_step, const double* y, long y_network, long y_step, const double* w, long w_network,
               long w_step, double* theta, double* state, double* loss, const double* parameters, long long* made, int* ended,
               double* working) {
  const long q = (blockIdx.x * (long)blockDim.x + threadIdx.x) / TEAM;
  if (q >= networks || ended[q]) return;
  const Inputs inputs = {x + q * x_network, x_step};
  const Targets targets = {y + q * y_network, y_step};
  const Weights weights = {w + q * w_network, w_step};
#if TEAM == 1
  const long first = q, apart = networks;
  double own[SLOTS], g[SLOTS], memory[STATE + 1], *scratch = 0;
  EACH_SLOT own[k] = theta[first + k * apart];
  UNROLL for (int k = 0; k < STATE; k++) memory[k] = state[first + k * apart];
  double* power = memory + STATE - (METHOD == 2 ? 2 : 0);
#else
  const long first = q * SLOTS, apart = 1;
#if SHARED
  double* own = team_memory + EXCHANGE + threadIdx.x / TEAM * WORKING;
#else
  double* own = working + q * WORKING;
#endif
  double *g = own + SLOTS, *scratch = g + SLOTS, *memory = state + q * STATE, power[2];
  EACH_SLOT own[k] = theta[first + k], g[k] = 0.;
  if (METHOD == 2) power[0] = memory[STATE - 2], power[1] = memory[STATE - 1];
  wait();
#endif
  double value;
  long done = 0;
  bool finite, going;
  do {
    const long until = steps - done < check_every ? steps : done + check_every;
    for (; done < until; done++) {
      loss_and_gradient<true>(n, own, inputs, targets, weights, g, scratch);
      wait();
      update<double>(rate[q], own, g, memory, power, parameters);
      wait();
    }
    value = loss_and_gradient<false>(n, own, inputs, targets, weights, g, scratch) + offset[q];
    double wrong = 0.;
    EACH_SLOT wrong += own[k] - own[k] == 0. ? 0. : 1.;
    finite = value - value == 0. && across(wrong) == 0.;
    going = finite && !(value <= threshold[q]);
    if (finite) EACH_SLOT theta[first + k * apart] = own[k];
  } while (going && done < steps);
#if TEAM == 1
  UNROLL for (int k = 0; k < STATE; k++) state[first + k * apart] = memory[k];
#else
  wait();
  if (METHOD == 2 && thread() == 0) memory[STATE - 2] = power[0], memory[STATE - 1] = power[1];
#endif
  if (thread() == 0) {
    loss[q] = finite ? value : INFINITE;
    made[q] += done;
    ended[q] = !going;
  }
}
