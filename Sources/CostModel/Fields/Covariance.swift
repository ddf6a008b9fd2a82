/// A place in a field's space: up to sixteen coordinates, most of them log₂ of a size; the rest zero.
typealias FieldPlace = SIMD16<Float>

extension FieldPlace {
  /// The distance to another place along each coordinate.
  @inline(__always)
  func distances(to other: FieldPlace) -> FieldPlace {
    // The sign bit cleared: pointwiseMax goes lane by lane.
    let bits = unsafeBitCast(self - other, to: SIMD16<UInt32>.self) & 0x7FFF_FFFF
    return unsafeBitCast(bits, to: FieldPlace.self)
  }

  /// The sum of the first coordinates.
  func total(ofFirst count: Int) -> Float { (0..<count).reduce(0) { $0 + self[$1] } }

  /// The sum of the coordinates, by halves.
  @inline(__always)
  var total: Float {
    let eight = lowHalf + highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
  }
}

/// How alike the log ratios at two places are, before either is measured: a sum of terms, each an
/// amplitude times a product of correlations along coordinates.
///
/// A coordinate's correlation in a term is exponential, e⁻ᵘ, rough as kernels are that change their
/// tile from one size to the next, or a Matérn one of order 3/2 or 5/2 (Stein, Interpolation of
/// Spatial Data, 1999), smooth as work is that grows; u is the distance over the term's length.
struct Covariance: Sendable {
  /// One term.
  struct Term: Sendable {
    fileprivate var amplitude: Double
    fileprivate var all = FieldPlace.zero
    fileprivate var once = FieldPlace.zero
    fileprivate var twice = FieldPlace.zero

    /// Creates a term from lengths by the index of a coordinate; a coordinate without one does not
    /// matter to the term.
    init(
      _ amplitude: Double, exponential: KeyValuePairs<Int, Float> = [:],
      matern3: KeyValuePairs<Int, Float> = [:], matern5: KeyValuePairs<Int, Float> = [:]
    ) {
      self.amplitude = amplitude
      for (index, length) in exponential { all[index] += 1 / length }
      for (index, length) in matern3 {
        once[index] = Float(3).squareRoot() / length
        all[index] += once[index]
      }
      for (index, length) in matern5 {
        twice[index] = Float(5).squareRoot() / length
        all[index] += twice[index]
      }
    }

    @inline(__always)
    fileprivate func value(_ distance: FieldPlace) -> Double {
      let far = (distance * all).total
      // e⁻³⁰ of an amplitude is nothing.
      guard far < 30 else { return 0 }
      let first = 1 + distance * once
      let u = distance * twice
      let factors = first * (1 + u + u * u * (1.0 / 3))
      let eight = factors.lowHalf * factors.highHalf
      let four = eight.lowHalf * eight.highHalf
      let two = four.lowHalf * four.highHalf
      return amplitude * Double(two.x * two.y) * exponential(-Double(far))
    }
  }

  private let terms: [Term]
  /// The variance of a single measurement about the field: what repeating it at the next size over
  /// shows. It is shared only by places that are practically one.
  let noise: Double
  /// The variance at any place.
  let variance: Double

  /// Places nearer than this in all (in octaves) share their noise: a field passes through its
  /// samples.
  private static let samePlace = 1e-4

  /// Creates a covariance.
  init(_ terms: [Term], noise: Double) {
    self.terms = terms
    self.noise = noise
    self.variance = terms.reduce(noise) { $0 + $1.amplitude }
  }

  /// The covariance of the ratios measured at two places.
  @inline(__always)
  func value(_ left: FieldPlace, _ right: FieldPlace) -> Double {
    let distance = left.distances(to: right)
    var sum = 0.0
    for term in terms { sum += term.value(distance) }
    let gap = Double(distance.total)
    return gap < 20 * Self.samePlace ? sum + noise * exponential(-gap / Self.samePlace) : sum
  }
}
