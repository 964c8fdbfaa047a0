// SIMD vectors whose lanes are networks, and the functions of them that the kernels need.
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

// x cut off at -bound and bound; NaN stays.
LANE Vector within(Vector x, double bound) { return larger(Vector{} - bound, smaller(Vector{} + bound, x)); }

// s and s (e^r - 1) with x = n ln 2 + r, s = 2^n, so that e^x = s + second; |x| at most 700. ln 2 is split for an exact r.
// e^r - 1 = r + r^2 p(r); p minimizes the largest relative error, 0.27 * 2^-53, on |r| <= ln(2) / 2 (Remez), odd and even powers apart.
LANE Vector power_of_two_and_rest(Vector x, Vector* rest) {
  const double shift = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer kept in the low bits
  const double p[] = {.5000000000000007,     .16666666666666696,    .0416666666665625,     .008333333333293249,   .0013888888936151441,
                      .00019841269986844282, 2.4801499787156758e-5, 2.755711697104583e-6, 2.7628216579642247e-7, 2.5161344674933025e-8};
  Vector rounded = x * 1.4426950408889634 + shift, n = rounded - shift;
  Vector r = (x - n * 0.6931471804855391) - n * 7.440617110012397e-11, square = r * r;
  Vector even = Vector{} + p[8], odd = Vector{} + p[9], s;
  UNROLL for (int k = 6; k >= 0; k -= 2) {
    even = even * square + p[k];
    odd = odd * square + p[k + 1];
  }
  Whole bits;
  memcpy(&bits, &rounded, sizeof bits);
  bits = (bits + 1023) << 52;
  memcpy(&s, &bits, sizeof s);
  *rest = s * ((odd * r + even) * square + r);
  return s;
}

// t / (t + 2) with t = e^(2x) - 1: relative error at most 3.3 * 2^-53, NaN and infinities as they should be.
LANE Vector hyperbolic_tangent(Vector x) {
  x = within(x, 20.);
  Vector rest, s = power_of_two_and_rest(x + x, &rest), t = rest + (s - 1.);
  return t / (t + 2.);
}

LANE Vector logistic(Vector x) {
  Vector rest, s = power_of_two_and_rest(within(-x, 700.), &rest);
  return 1. / (1. + (s + rest));
}

