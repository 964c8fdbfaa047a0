// Loss and gradient of left @ right against weighted entries of a D1 x D2 matrix; left D1 x WIDTH, right WIDTH x D2; one network per lane.
// y and twice_weight hold all D1 * D2 entries (weight 0: not seen); x and n are not used.

#define PARAMETERS (WIDTH * (D1 + D2))

template <class V>
LANE V loss_and_gradient(int, const V* RESTRICT theta, const V*, long, const V* RESTRICT y, long ys, const V* RESTRICT twice_weight,
                         long ws, V* RESTRICT g) {
  const V *left = theta, *right = theta + D1 * WIDTH;
  V loss = V{}, residual[D1][D2];
  UNROLL for (int i = 0; i < D1; i++) {
    UNROLL for (int j = 0; j < D2; j++) {
      V difference = -y[(i * D2 + j) * ys];
      UNROLL for (int k = 0; k < WIDTH; k++) difference += left[i * WIDTH + k] * right[k * D2 + j];
      residual[i][j] = twice_weight[(i * D2 + j) * ws] * difference;
      loss += residual[i][j] * difference;
    }
  }
  UNROLL for (int i = 0; i < D1; i++) {
    UNROLL for (int k = 0; k < WIDTH; k++) {
      V sum = residual[i][0] * right[k * D2];
      UNROLL for (int j = 1; j < D2; j++) sum += residual[i][j] * right[k * D2 + j];
      g[i * WIDTH + k] = sum;
    }
  }
  UNROLL for (int k = 0; k < WIDTH; k++) {
    UNROLL for (int j = 0; j < D2; j++) {
      V sum = residual[0][j] * left[k];
      UNROLL for (int i = 1; i < D1; i++) sum += residual[i][j] * left[i * WIDTH + k];
      g[D1 * WIDTH + k * D2 + j] = sum;
    }
  }
  return .5 * loss;
}
