internal import Analytical
internal import Operators

extension FieldShape {
  private static let heads: Set<String> = ["heads", "kvHeads", "headDim"]

  /// Attention of equal prompts without a past, over their length and number, heads and sizes.
  static let prefill = FieldShape(
    covariance: Covariance(
      [
        .init(0.0484, matern3: [1: 732, 2: 12.4, 3: 19.9, 4: 19.2], matern5: [0: 1.06]),
        .init(3.9, exponential: [5: 2.67, 4: 2.95, 6: 25.9], matern5: [0: 6.61]),
      ], noise: 0.0121),
    neighbourhood: .init(
      used: 48, nearest: 300, weights: FieldPlace(weights: [1, 1, 0.7, 0.7, 1])),
    spread: 0.188,
    sizes: 5,
    attributes: heads.union(["sequences"]),
    places: { op, _ in
      let sequences = octaves(op, "sequences")
      let (queries, keys) = (octaves(op, "heads"), octaves(op, "kvHeads"))
      let fixed = FieldPlace(octaves: [
        0, sequences, queries, keys, octaves(op, "headDim"), sequences + queries, queries - keys,
      ])
      return { point in
        var place = fixed
        place[0] = octaves(point[0])
        return place
      }
    },
    launches: nil)

  /// Attention of sequences that decode, all of one length, over that, their number, heads and sizes.
  ///
  /// A block of the kernel is a sequence and a group of heads: how many there are, and how they fill
  /// the device's multiprocessors, are coordinates of their own.
  static let decode = FieldShape(
    covariance: Covariance(
      [
        .init(
          1.23, exponential: [6: 9.08, 4: 18.8, 5: 3.65, 7: 7.01], matern3: [0: 6.49]),
        .init(
          0.0736, exponential: [8: 2.46, 4: 0.879, 5: 2.05, 1: 186], matern3: [0: 1.01]),
      ], noise: 0.00109),
    neighbourhood: .init(
      used: 32, nearest: 300, weights: FieldPlace(weights: [1, 1, 0.7, 0.7, 1])),
    spread: 0.287,
    sizes: 5,
    asksCells: true,
    attributes: heads,
    places: { op, device in
      let (queries, keys) = (octaves(op, "heads"), octaves(op, "kvHeads"))
      let groups = max(1, op.attributes["kvHeads"] ?? 1)
      let units = device.multiprocessors ?? 1
      let fixed = FieldPlace(octaves: [
        0, 0, queries, keys, octaves(op, "headDim"), queries - keys,
      ])
      return { point in
        let (sequences, length) = (octaves(point[2]), octaves(point[3]))
        let blocks = clampedProduct(point[2], groups)
        let waves = (blocks + units - 1) / units
        var place = fixed
        place[0] = length
        place[1] = sequences
        place[6] = octaves(clampedProduct(waves, units)) - octaves(blocks)
        place[7] = sequences + keys
        place[8] = sequences + keys + length
        return place
      }
    },
    launches: nil)
}
