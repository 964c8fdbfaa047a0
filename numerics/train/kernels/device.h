// Numbers of a thread of a GPU: what vector.h is on a processor, and units.h where the numbers of a network are shared out among threads.
//
// A network belongs to a team of TEAM threads: to one, which keeps it in registers, to a warp, or to a whole block.

#define LANE static __device__ __forceinline__
#define TABLE static __device__ const
#define RESTRICT __restrict__
#define UNROLL _Pragma("unroll")
#define INFINITE __longlong_as_double(0x7ff0000000000000ll)
typedef double Vector;
typedef long long Whole;
enum { LANES = 1 };

LANE double smaller(double x, double y) { return x < y ? x : y; }
LANE double larger(double x, double y) { return x > y ? x : y; }
// z above 0 and below * z elsewhere, 0 <= below < 1, and its slope from the value; NaN stays in the value.
LANE double rectifier(double z, double below) { return larger(below == 0. ? 0. : below * z, z); }
LANE double step_of(double h, double below) { return h > 0. ? 0. + 1. : 0. + below; }

LANE double square_root(double x) { return sqrt(x); }
LANE Whole bits_of(double x) { return __double_as_longlong(x); }
LANE double of_bits(Whole bits) { return __longlong_as_double(bits); }
LANE bool any_beyond(double x, double bound) { return x > bound || x < -bound; }
LANE double library_sine(double x) { return sin(x); }
LANE double library_cosine(double x) { return cos(x); }

// A network's data: one number every `step` numbers, so that threads of neighbouring networks read neighbours.
struct Column {
  const double* at;
  long step;
  __device__ __forceinline__ double operator[](long k) const { return at[k * step]; }
  __device__ __forceinline__ void operator+=(long k) { at += k * step; }
};
typedef Column Inputs;
typedef Column Targets;
typedef Column Weights;
LANE double spread(double x) { return x; }

#if TEAM == 1

LANE int thread() { return 0; }
LANE void wait() {}
LANE double across(double x) { return x; }
LANE double whole(double x) { return x; }

#else

extern __shared__ double team_memory[];
enum { EXCHANGE = TEAM / 32 };  // numbers at its beginning through which the warps of a team speak to each other

LANE int thread() { return threadIdx.x % TEAM; }
LANE double of_warp(double x) {
  UNROLL for (int half = 16; half > 0; half /= 2) x += __shfl_xor_sync(0xffffffffu, x, half);
  return x;
}

#if TEAM == 32
LANE void wait() { __syncwarp(); }
LANE double across(double x) { return of_warp(x); }
LANE double whole(double x) { return __shfl_sync(0xffffffffu, x, 0); }
#else
LANE void wait() { __syncthreads(); }
// The sum over the team, to every thread.
LANE double across(double x) {
  x = of_warp(x);
  if (thread() % 32 == 0) team_memory[thread() / 32] = x;
  wait();
  x = 0.;
  for (int k = 0; k < EXCHANGE; k++) x += team_memory[k];
  wait();
  return x;
}
// The first thread's number, to every thread.
LANE double whole(double x) {
  if (thread() == 0) team_memory[0] = x;
  wait();
  x = team_memory[0];
  wait();
  return x;
}
#endif

#endif

LANE void add_once(double& to, double x) {
  if (thread() == 0) to += x;
}
