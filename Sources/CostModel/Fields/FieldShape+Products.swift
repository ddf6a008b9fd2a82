internal import Analytical
internal import Operators

extension FieldShape {
  /// Matrix products over tokens, n and k.
  ///
  /// Work and memory traffic overlap, but not wholly, hence the root of the sum of squares. The time
  /// is a sawtooth in the tokens, whose teeth are tiles: the number of tiles of 64 is a coordinate of
  /// its own.
  static let products = FieldShape(
    covariance: Covariance(
      [
        .init(1.4, matern3: [0: 5.66, 1: 4.77, 2: 6.46]),
        .init(0.0484, exponential: [0: 0.517, 1: 20, 2: 59.1]),
        .init(0.0964, exponential: [3: 0.00254, 1: 0.257, 2: 2.52]),
      ], noise: 0.0181),
    neighbourhood: .init(used: 32, nearest: 160, weights: FieldPlace(weights: [2, 1, 1])),
    spread: 0.209,
    sizes: 3,
    attributes: ["n", "k"],
    places: { op, _ in
      let fixed = FieldPlace(octaves: [0, octaves(op, "n"), octaves(op, "k")])
      return { point in
        var place = fixed
        place[0] = octaves(point[0])
        place[3] = octaves(point[0] / 64 + (point[0] % 64 > 0 ? 1 : 0))
        return place
      }
    },
    launches: 1)

  /// The products of a mixture's experts.
  static let experts = FieldShape(
    covariance: Covariance(
      [
        .init(
          1.4, exponential: [6: 0.108, 9: 0.0444],
          matern3: [0: 9.88, 1: 6.21, 2: 10, 3: 6.55, 4: 10.5, 5: 11.6]),
        .init(
          0.1,
          exponential: [
            1: 7.9, 2: 3.2, 3: 5.26, 4: 0.074, 5: 2.47, 6: 0.101, 7: 2.97, 8: 0.594, 9: 0.082,
          ], matern3: [0: 2.97]),
        .init(
          0.0231, exponential: [10: 2.16, 2: 8.05, 6: 0.647, 9: 0.0533],
          matern3: [1: 40.3, 3: 13]),
      ], noise: 0.00469),
    neighbourhood: .init(
      used: 48, nearest: 300, weights: FieldPlace(weights: [1, 1, 1, 1, 1, 1, 2, 0.5, 0.5, 1])),
    spread: 0.667,
    sizes: 9,
    poolsTypes: true,
    slowFlag: 9,
    attributes: ["width", "intermediate", "experts", "topK", "tensorParallel", "expertParallel"],
    places: { op, _ in
      let perToken = octaves(op, "topK")
      let (experts, group) = (octaves(op, "experts"), octaves(op, "expertParallel"))
      let parts = octaves(op, "tensorParallel")
      let type = width(of: op.dataType)
      let fixed = FieldPlace(octaves: [
        0, octaves(op, "width"), octaves(op, "intermediate") - parts, max(0, experts - group),
        perToken, experts, type, parts, group,
      ])
      return { point in
        let tokens = octaves(point[0])
        var place = fixed
        place[0] = tokens
        place[10] = tokens + perToken - experts
        return place
      }
    },
    // Several kernels one after the other: sorting, two products, summing.
    launches: 5)

  /// log₂ of a type's bits, by which fields that hold all types tell them apart; of two types of one width the one
  /// that fewer kernels are written for lies beside it.
  private static func width(of type: DataType?) -> Float {
    let bits = octaves(Int((type?.bytesPerElement ?? 4) * 8))
    return switch type {
    case .float16, .int8, .int4: bits + 0.5
    case .float32, .bfloat16, .float8, .float4, nil: bits
    }
  }

  /// Collectives over bytes and ranks.
  static let collectives = FieldShape(
    covariance: Covariance(
      [.init(4, matern3: [1: 1], matern5: [0: 5])], noise: 1e-5),
    // Beyond the samples bytes take their time each, few bytes the launch's, and more ranks are no faster than
    // fewer: all that is in the anchor.
    neighbourhood: .init(
      used: 24, nearest: 48, weights: FieldPlace(weights: [1, 2]), held: [0, 1]),
    spread: 0.3,
    sizes: 2,
    attributes: ["ranks"],
    places: { op, _ in
      let ranks = octaves(op, "ranks")
      return { point in FieldPlace(octaves: [octaves(point[0]), ranks]) }
    },
    launches: 3)
}
