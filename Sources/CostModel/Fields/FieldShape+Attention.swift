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
    place: { op, point, _ in
      let sequences = octaves(op, "sequences")
      let (queries, keys) = (octaves(op, "heads"), octaves(op, "kvHeads"))
      return FieldPlace(octaves: [
        octaves(point[0]), sequences, queries, keys, octaves(op, "headDim"), sequences + queries,
        queries - keys,
      ])
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
    attributes: heads,
    place: { op, point, device in
      let (sequences, length) = (octaves(point[2]), octaves(point[3]))
      let (queries, keys) = (octaves(op, "heads"), octaves(op, "kvHeads"))
      let blocks = point[2] * max(1, op.attributes["kvHeads"] ?? 1)
      let units = device.multiprocessors ?? 1
      let waves = (blocks + units - 1) / units
      return FieldPlace(octaves: [
        length, sequences, queries, keys, octaves(op, "headDim"), queries - keys,
        octaves(waves * units) - octaves(blocks), sequences + keys, sequences + keys + length,
      ])
    },
    launches: nil)
}
