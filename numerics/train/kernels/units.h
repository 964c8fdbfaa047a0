// Lanes that are units of one network: buffers hold plain numbers, and a loop takes LANES neighbours at a time. What is left of a loop is
// taken one by one by the same text, in which Vector then means double.

typedef Vector Lanes;  // what Vector means outside of a loop that takes numbers one by one

// A vector of neighbours, wherever it begins.
typedef double Neighbours __attribute__((vector_size(WIDTH_IN_BYTES), aligned(8), may_alias));
template <class V> struct In { typedef Neighbours Memory; };
template <> struct In<double> { typedef double Memory; };
template <class V> LANE typename In<V>::Memory& at(double* from) { return *(typename In<V>::Memory*)from; }
template <class V> LANE const typename In<V>::Memory& at(const double* from) { return *(const typename In<V>::Memory*)from; }

// One number in every lane.
template <class V> LANE V same(double x) { return x - V{}; }

LANE Vector whole(double x) { return x - Vector{}; }

// The sum of all lanes.
LANE double across(double x) { return x; }
LANE double across(Vector x) {
  double sum[LANES];
  memcpy(sum, &x, sizeof sum);
  UNROLL for (int half = LANES / 2; half > 0; half /= 2) UNROLL for (int k = 0; k < half; k++) sum[k] += sum[k + half];
  return sum[0];
}

LANE double larger(double x, double y) { return x > y ? x : y; }
LANE double rectifier(double z, double below) { return larger(below == 0. ? 0. : below * z, z); }
LANE double step_of(double h, double below) { return h > 0. ? 1. : below; }

#define OF_ONE(function) LANE double function(double x) { return function(Vector{} + x)[0]; }
OF_ONE(hyperbolic_tangent)
OF_ONE(logistic)
OF_ONE(softplus)
OF_ONE(normal_distribution)
OF_ONE(normal_density)
OF_ONE(exponential)
OF_ONE(error_function)
OF_ONE(error_slope)
OF_ONE(arc_tangent)
OF_ONE(sine)
OF_ONE(cosine)
