// SIMD vectors and what depends on the processor; numbers of a thread of a GPU have the same names in device.h.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("schedule-insns", "sched-pressure")  // or the samples taken together would follow one another
#endif
#include <cstdint>
#include <cstdlib>
#include <cstring>
#if defined(__AVX__) && !(defined(__GNUC__) && !defined(__clang__))
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define WIDTH_IN_BYTES 64
#elif defined(__AVX__)
#define WIDTH_IN_BYTES 32
#else
#define WIDTH_IN_BYTES 16
#endif
typedef double Vector __attribute__((vector_size(WIDTH_IN_BYTES)));
typedef int64_t Whole __attribute__((vector_size(WIDTH_IN_BYTES)));
enum { LANES = WIDTH_IN_BYTES / sizeof(double) };

#define LANE static inline __attribute__((always_inline))
#define TABLE static constexpr
#define RESTRICT __restrict__
#define UNROLL _Pragma("GCC unroll 64")

// The smaller and the larger of two, the second where one is NaN, and the root, as instructions. The builtins of gcc stand here because
// reading its immintrin.h takes as long as compiling a small kernel.
#if defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__)
LANE Vector smaller(Vector x, Vector y) { return __builtin_ia32_minpd512_mask(x, y, x, 255, 4); }
LANE Vector larger(Vector x, Vector y) { return __builtin_ia32_maxpd512_mask(x, y, x, 255, 4); }
LANE Vector square_root(Vector x) { return __builtin_ia32_sqrtpd512_mask(x, x, 255, 4); }
#elif defined(__AVX512F__)
LANE Vector smaller(Vector x, Vector y) { return _mm512_min_pd(x, y); }
LANE Vector larger(Vector x, Vector y) { return _mm512_max_pd(x, y); }
LANE Vector square_root(Vector x) { return _mm512_sqrt_pd(x); }
#else
#if defined(__AVX__) && defined(__GNUC__) && !defined(__clang__)
LANE Vector smaller(Vector x, Vector y) { return __builtin_ia32_minpd256(x, y); }
LANE Vector larger(Vector x, Vector y) { return __builtin_ia32_maxpd256(x, y); }
#elif defined(__AVX__)
LANE Vector smaller(Vector x, Vector y) { return _mm256_min_pd(x, y); }
LANE Vector larger(Vector x, Vector y) { return _mm256_max_pd(x, y); }
#else
LANE Vector smaller(Vector x, Vector y) { return x < y ? x : y; }
LANE Vector larger(Vector x, Vector y) { return x > y ? x : y; }
#endif
LANE Vector square_root(Vector x) {
  for (int lane = 0; lane < LANES; lane++) x[lane] = __builtin_sqrt(x[lane]);
  return x;
}
#endif

// z above 0 and below * z elsewhere, 0 <= below < 1, and its slope from the value; NaN stays in the value.
LANE Vector rectifier(Vector z, double below) { return larger(below == 0. ? Vector{} : below * z, z); }
LANE Vector step_of(Vector h, double below) { return h > 0. ? Vector{} + 1. : Vector{} + below; }

#define INFINITE __builtin_inf()

LANE Whole bits_of(Vector x) {
  Whole bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
LANE Vector of_bits(Whole bits) {
  Vector x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// Whether a lane is beyond the bound, and what the library says, lane by lane.
LANE bool any_beyond(Vector x, double bound) {
  bool found = false;
  for (int lane = 0; lane < LANES; lane++) found |= x[lane] > bound || x[lane] < -bound;
  return found;
}
LANE Vector library_sine(Vector x) {
  for (int lane = 0; lane < LANES; lane++) x[lane] = __builtin_sin(x[lane]);
  return x;
}
LANE Vector library_cosine(Vector x) {
  for (int lane = 0; lane < LANES; lane++) x[lane] = __builtin_cos(x[lane]);
  return x;
}
