/// How alike the log ratios at two places are, before either is measured: a sum of terms, each an
/// amplitude times a product of correlations along coordinates.
///
/// A coordinate's correlation in a term is exponential, e⁻ᵘ, rough as kernels are that change their
/// tile from one size to the next, or a Matérn one of order 3/2 or 5/2 (Stein, Interpolation of
/// Spatial Data, 1999), smooth as work is that grows; u is the distance over the term's length.
struct Covariance: Sendable {
  /// One term.
  struct Term: Sendable {
    let amplitude: Float
    /// The lengths by the index of a coordinate.
    let exponential: [(coordinate: Int, length: Float)]
    let matern3: [(coordinate: Int, length: Float)]
    let matern5: [(coordinate: Int, length: Float)]

    /// Creates a term from lengths by the index of a coordinate; a coordinate without one does not
    /// matter to the term.
    init(
      _ amplitude: Float, exponential: KeyValuePairs<Int, Float> = [:],
      matern3: KeyValuePairs<Int, Float> = [:], matern5: KeyValuePairs<Int, Float> = [:]
    ) {
      self.amplitude = amplitude
      self.exponential = exponential.map { ($0, $1) }
      self.matern3 = matern3.map { ($0, $1) }
      self.matern5 = matern5.map { ($0, $1) }
    }
  }

  /// A coordinate of a term, with the inverse of its length.
  private struct Axis {
    var coordinate: Int
    var rate: Float
  }

  /// A term's axes: those of one kind come one after the other.
  private struct Part {
    var amplitude: Float
    var first: Int
    var matern3: Int
    var matern5: Int
    var end: Int
  }

  let terms: [Term]
  private let parts: [Part]
  private let axes: [Axis]
  /// How many of the first coordinates count.
  let dimensions: Int
  /// The variance of a single measurement about the field: what repeating it at the next size over
  /// shows. It is shared only by places that are practically one.
  let noise: Double
  /// The variance at any place, to the bit what ``fill(_:_:_:_:)`` gives for a place and itself.
  let variance: Double

  /// Places nearer than this in all (in octaves) share their noise: a field passes through its
  /// samples.
  private static let samePlace: Float = 1e-4

  /// Creates a covariance.
  init(_ terms: [Term], noise: Double) {
    self.terms = terms
    self.noise = noise
    var parts: [Part] = []
    var axes: [Axis] = []
    for term in terms {
      var part = Part(
        amplitude: term.amplitude, first: axes.count, matern3: 0, matern5: 0, end: 0)
      axes += term.exponential.map { Axis(coordinate: $0.coordinate, rate: 1 / $0.length) }
      part.matern3 = axes.count
      axes += term.matern3.map {
        Axis(coordinate: $0.coordinate, rate: Float(3).squareRoot() / $0.length)
      }
      part.matern5 = axes.count
      axes += term.matern5.map {
        Axis(coordinate: $0.coordinate, rate: Float(5).squareRoot() / $0.length)
      }
      part.end = axes.count
      parts.append(part)
    }
    self.parts = parts
    self.axes = axes
    self.dimensions = (axes.map(\.coordinate).max() ?? -1) + 1
    self.variance = Double(terms.reduce(0) { $0 + $1.amplitude } + Float(noise))
  }

  /// The covariances of the ratios at one place with those at many.
  ///
  /// - Parameters:
  ///   - place: the one.
  ///   - others: the many, eight at a time: of eight all the first coordinates, then all the second,
  ///     to ``dimensions``.
  ///   - blocks: how many eights.
  ///   - values: where the covariances go, in the same order.
  @inline(__always)
  func fill(
    _ values: UnsafeMutablePointer<Lanes>, _ place: FieldPlace, _ others: UnsafePointer<Lanes>,
    blocks: Int
  ) {
    parts.withUnsafeBufferPointer { parts in
      axes.withUnsafeBufferPointer { axes in
        for block in 0..<blocks {
          let others = others + block * dimensions
          values[block] = eight(parts, axes, place, others)
        }
      }
    }
  }

  @inline(__always)
  private func eight(
    _ parts: UnsafeBufferPointer<Part>, _ axes: UnsafeBufferPointer<Axis>, _ place: FieldPlace,
    _ others: UnsafePointer<Lanes>
  ) -> Lanes {
    var sum = Lanes.zero
    for part in parts {
      var far = Lanes.zero
      var factors = Lanes(repeating: 1)
      for axis in axes[part.first..<part.matern3] {
        far += distance(place, others, axis.coordinate) * axis.rate
      }
      for axis in axes[part.matern3..<part.matern5] {
        let u = distance(place, others, axis.coordinate) * axis.rate
        far += u
        factors *= u + Float(1)
      }
      for axis in axes[part.matern5..<part.end] {
        let u = distance(place, others, axis.coordinate) * axis.rate
        far += u
        factors *= u * (u * Float(1.0 / 3) + Float(1)) + Float(1)
      }
      var value = factors * exponential(-far) * part.amplitude
      // e⁻³⁰ of an amplitude is nothing.
      value.replace(with: 0, where: far .>= 30)
      sum += value
    }
    var gap = Lanes.zero
    for coordinate in 0..<dimensions { gap += distance(place, others, coordinate) }
    if least(gap) < 20 * Self.samePlace {
      sum += exponential(gap * (-1 / Self.samePlace)) * Float(noise)
    }
    return sum
  }

  @inline(__always)
  private func distance(
    _ place: FieldPlace, _ others: UnsafePointer<Lanes>, _ coordinate: Int
  ) -> Lanes {
    magnitude(others[coordinate] - place[coordinate])
  }
}
