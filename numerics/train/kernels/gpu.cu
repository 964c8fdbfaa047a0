// One network per thread: parameters and gradient live in registers (or the thread's local memory when they are many), many steps per
// launch. Arrays are [number][network], so that neighbouring threads read neighbouring numbers; shared data have one column.

#define LANE static __device__ __forceinline__
#define TABLE static __device__ const
#define RESTRICT __restrict__
#define UNROLL _Pragma("unroll")
#define UNROLL_KERNELS UNROLL
#define TOGETHER(positions) 1  // other threads run while one waits

LANE double hyperbolic_tangent(double x) { return tanh(x); }
LANE double logistic(double x) { return 1.0 / (1.0 + exp(-x)); }
LANE double rectifier(double x, double below) { return x > 0.0 ? x : below * x; }
LANE double step_of(double x, double below) { return x > 0.0 ? 1.0 : below; }
LANE double square_root(double x) { return sqrt(x); }

#include SHAPE
enum { SLOTS = PARAMETERS };
#include "descend.h"

extern "C" __global__ void __launch_bounds__(128)
descend_networks(long networks, int n, long steps, const double* rate, const double* x, long x_columns, const double* y, long y_columns,
                 const double* weight, long w_columns, double* theta, double* state, double* loss, const double* parameters) {
  const long q = blockIdx.x * (long)blockDim.x + threadIdx.x;
  if (q >= networks) return;
  double own[PARAMETERS], g[PARAMETERS], memory[STATE + 1];
  UNROLL for (int k = 0; k < PARAMETERS; k++) own[k] = theta[k * networks + q];
  UNROLL for (int k = 0; k < STATE; k++) memory[k] = state[k * networks + q];
  loss[q] = descend<double>(n, steps, rate[q], own, memory, x + (x_columns > 1 ? q : 0), x_columns, y + (y_columns > 1 ? q : 0), y_columns,
                            weight + (w_columns > 1 ? q : 0), w_columns, g, parameters);
  UNROLL for (int k = 0; k < PARAMETERS; k++) theta[k * networks + q] = own[k];
  UNROLL for (int k = 0; k < STATE; k++) state[k * networks + q] = memory[k];
}
