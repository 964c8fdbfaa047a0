// The cross-entropy of softmax(f) against y, N classes, and its slope in f. The largest output is taken off first and left out of the
// logarithm once, so that a small loss keeps its digits.
template <int N, class V>
LANE V cross_entropy(const V* f, const V* y, V* slope) {
  V most = f[0], total = {}, sum = {}, value = {}, log_total = {}, seen = {};
  UNROLL for (int k = 1; k < N; k++) most = larger(most, f[k]);
  UNROLL for (int k = 0; k < N; k++) {
    const V below = f[k] - most, power = exponential(below), first = below == 0. ? 1. - seen : V{};
    log_total = first > 0. ? log_total : log_total + softplus(below - log_total);
    seen += first;
    slope[k] = power;
    total += power;
    sum += y[k];
    value -= y[k] == 0. ? y[k] : y[k] * below;
  }
  UNROLL for (int k = 0; k < N; k++) slope[k] = sum * (slope[k] / total) - y[k];
  return value + sum * log_total;
}
