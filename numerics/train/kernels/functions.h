// The functions that activations are made of, of vectors or, on a device, of numbers. Polynomials interpolate at Chebyshev points;
// errors in units of 2^-53 of the value.

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
  s = of_bits((bits_of(rounded) + 1023) << 52);
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

template <int N>
LANE Vector polynomial(Vector x, const double (&p)[N]) {  // odd and even powers apart: half as long a chain
  const Vector square = x * x;
  Vector even = Vector{} + p[(N - 1) / 2 * 2], odd = Vector{} + p[(N - 2) / 2 * 2 + 1];
  UNROLL for (int k = (N - 1) / 2 * 2 - 2; k >= 0; k -= 2) even = even * square + p[k];
  UNROLL for (int k = (N - 2) / 2 * 2 - 1; k >= 1; k -= 2) odd = odd * square + p[k];
  return odd * x + even;
}

LANE Vector absolute(Vector x) { return x < 0. ? -x : x; }

// e^x: infinite from 709 on, 0 below -709.
LANE Vector exponential(Vector x) {
  Vector rest, s = power_of_two_and_rest(within(x, 709.), &rest), value = s + rest;
  value = x > 709. ? Vector{} + INFINITE : value;
  return x < -709. ? Vector{} : value;
}

// log(1 + e^x) = max(x, 0) + 2 artanh(w), w = t / (2 + t), t = e^-|x|.
LANE Vector softplus(Vector x) {
  static constexpr double p[] = {0.3333333333333333,  0.20000000000007456, 0.1428571428351453,   0.11111111362409382,  0.09090894546491375,
                                 0.07692789505129312, 0.06657003641335145, 0.060011469977136564, 0.04397433369474833, 0.08087903454072548};
  const Vector t = exponential(-absolute(x)), w = t / (t + 2.), square = w * w;
  return (x < 0. ? Vector{} : x) + 2. * (w + w * square * polynomial(square, p));
}

LANE Vector arc_tangent(Vector x) {
  static constexpr double p[] = {-0.3333333333333333, 0.19999999999995652, -0.1428571428469138,  0.11111111017100327,  -0.0909090464769568, 0.07692184699371778,
                                 -0.06664531369805009, 0.05858311810501153, -0.05086254885823143, 0.039253696320618564, -0.01920252926841228};
  const Vector size = absolute(x), none = Vector{}, one = none + 1.;
  const auto far = size > 2.414213562373095, middle = size > .41421356237309503;
  const Vector t = (far ? -one : middle ? size - 1. : size) / (far ? size : middle ? size + 1. : one), square = t * t;
  const Vector angle = far ? none + 1.5707963267948966 : middle ? none + .7853981633974483 : none;
  const Vector rest = far ? none + 6.123233995736766e-17 : middle ? none + 3.061616997868383e-17 : none;
  const Vector value = angle + (t + (t * square * polynomial(square, p) + rest));
  return x < 0. ? -value : value;
}

// erfc(x) e^(x^2) (1 + 2 x) is a polynomial in (x - 4) / (x + 4), x >= 0. The square in the exponent keeps its rounding error.
LANE Vector complement_of_error(Vector x) {
  static constexpr double p[] = {
      1.2329951186255526,     -0.1396211168405629,    0.015379652102620305,   0.06809705425473639,    -0.10103906603632913,   0.09373283499682628,
      -0.0663303658119996,    0.037167515561938515,   -0.0161977340542423,    0.005031969761432285,   -0.000757773370277741,  -0.0001992555416162786,
      0.00015062234674481447, -2.4403036998954536e-05, -1.1225008755089552e-05, 5.717563626689596e-06, 3.016107881318932e-07,  -8.346789501461553e-07,
      6.258721442256385e-08,  1.1494863135062745e-07, -7.764817952397257e-09, -1.3529367067220971e-08, -1.7668021904964841e-09};
  x = x > 28. ? Vector{} + 28. : x;
  const double splitter = 134217729.;  // 2^27 + 1
  const Vector shifted = x * splitter, high = shifted - (shifted - x), low = (x - high) * (x + high);
  const Vector tail = exponential(-high * high) * (1. - low * (1. - .5 * low));
  return tail * polynomial((x - 4.) / (x + 4.), p) / (1. + 2. * x);
}

LANE Vector error_function(Vector x) {
  static constexpr double p[] = {1.1283791670955126,      -0.37612638903183543,    0.1128379167094513,      -0.026866170643256995,
                                 0.005223977607269946,    -0.0008548325982543225,  0.00012055295112667001,  -1.4924740785377576e-05,
                                 1.6447471190594618e-06,  -1.6208829856810202e-07, 1.3721520406351094e-08, -7.798543850549947e-10};
  const Vector size = absolute(x), far = 1. - complement_of_error(size), square = x * x;
  return size > 1. ? (x < 0. ? -far : far) : x * polynomial(square, p);
}

LANE Vector error_slope(Vector x) { return 1.1283791670955126 * exponential(-x * x); }

LANE Vector normal_distribution(Vector x) {
  const Vector below = .5 * complement_of_error(.7071067811865476 * absolute(x));
  return x > 0. ? 1. - below : below;
}

LANE Vector normal_density(Vector x) { return .3989422804014327 * exponential(-.5 * x * x); }

// Sine and cosine of x - n pi / 2, pi / 2 in parts of 33 bits; beyond 10^6 each lane asks the library.
LANE void quarter_turns(Vector x, Whole* turns, Vector* sine_of_rest, Vector* cosine_of_rest) {
  static constexpr double s[] = {-1.66666666666666324348e-01, 8.33333333332248946124e-03,  -1.98412698298579493134e-04,
                                 2.75573137070700676789e-06,  -2.50507602534068634195e-08, 1.58969099521155010221e-10};
  static constexpr double c[] = {4.16666666666666019037e-02,  -1.38888888888741095749e-03, 2.48015872894767294178e-05,
                                 -2.75573143513906633035e-07, 2.08757232129817482790e-09,  -1.13596475577881948265e-11};
  const double shift = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer kept in the low bits
  const Vector rounded = x * .6366197723675814 + shift, n = rounded - shift;
  const Vector r = ((x - n * 1.57079632673412561417e+00) - n * 6.07710050630396597660e-11) - n * 2.02226624879595063154e-21;
  const Vector square = r * r;
  *turns = bits_of(rounded);
  *sine_of_rest = r + r * square * polynomial(square, s);
  *cosine_of_rest = 1. - (.5 * square - square * square * polynomial(square, c));
}

LANE Vector sine(Vector x) {
  Whole turns;
  Vector s, c;
  if (__builtin_expect(any_beyond(x, 1e6), 0)) return library_sine(x);
  quarter_turns(x, &turns, &s, &c);
  const Vector value = (turns & 1) != 0 ? c : s;
  return (turns & 2) != 0 ? -value : value;
}

LANE Vector cosine(Vector x) {
  Whole turns;
  Vector s, c;
  if (__builtin_expect(any_beyond(x, 1e6), 0)) return library_cosine(x);
  quarter_turns(x, &turns, &s, &c);
  const Vector value = (turns & 1) != 0 ? s : c;
  return ((turns + 1) & 2) != 0 ? -value : value;
}
