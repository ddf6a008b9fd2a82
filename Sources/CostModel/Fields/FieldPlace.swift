/// A place in a field's space: up to sixteen coordinates, most of them log₂ of a size; the rest zero.
typealias FieldPlace = SIMD16<Float>

extension FieldPlace {
  /// A place from its first coordinates.
  init(octaves: [Float]) {
    self = .zero
    for (index, value) in octaves.prefix(16).enumerated() { self[index] = value }
  }

  /// What distances along coordinates count.
  init(weights: [Float]) { self.init(octaves: weights) }

  /// The sum of the distances to another place along the first coordinates.
  func distance(to other: FieldPlace, alongFirst count: Int) -> Float {
    (0..<count).reduce(0) { $0 + abs(self[$1] - other[$1]) }
  }
}
