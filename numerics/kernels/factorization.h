// Loss and gradient of left @ right against weighted entries of a D1 x D2 matrix; left D1 x WIDTH, right WIDTH x D2; one network per lane.
// y and twice_weight hold all D1 * D2 entries (weight 0: not seen); x and n are not used.

#define PARAMETERS (WIDTH * (D1 + D2))

template <class V>
LANE V loss_and_gradient(int, const V* RESTRICT theta, const V*, long, const V* RESTRICT y, long ys, const V* RESTRICT twice_weight,
                         long ws, V* RESTRICT g) {
  const V *left = theta, *right = theta + D1 * WIDTH;
  V loss = V{}, *to_left = g, *to_right = g + D1 * WIDTH;
  UNROLL for (int k = 0; k < WIDTH * D2; k++) to_right[k] = V{};
  UNROLL for (int i = 0; i < D1; i++) {
    UNROLL for (int k = 0; k < WIDTH; k++) to_left[i * WIDTH + k] = V{};
    UNROLL for (int j = 0; j < D2; j++) {
      V residual = -y[(i * D2 + j) * ys];
      UNROLL for (int k = 0; k < WIDTH; k++) residual += left[i * WIDTH + k] * right[k * D2 + j];
      const V weighted = twice_weight[(i * D2 + j) * ws] * residual;
      loss += weighted * residual;
      UNROLL for (int k = 0; k < WIDTH; k++) {
        to_left[i * WIDTH + k] += weighted * right[k * D2 + j];
        to_right[k * D2 + j] += weighted * left[i * WIDTH + k];
      }
    }
  }
  return .5 * loss;
}
