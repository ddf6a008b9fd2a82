internal import OperatorStore
internal import Operators

extension MeasuredCurve {
  /// Whether it is a study of skewed batches, which ran under conditions of its own: a quarter of its samples
  /// or more are such.
  var isSkewStudy: Bool {
    4 * samples.count { $0.point[4] > $0.point[3] } >= max(1, samples.count)
  }
}

/// What unequal lengths add to a batch's attention.
///
/// A batch whose decodes differ in length takes longer than one of the same total in which all
/// are equal, because its longest sequence ends last: t = t(mean) + share · (t(longest) − t(mean)).
/// The share falls as more sequences fill the device, so it is fitted for each measured number of
/// decodes, apart for pure and mixed batches, and interpolated in the logarithm of that number.
struct SkewLaw: Sendable {
  /// The standard error of the share where no skewed batch was measured: the median of the 11,930 that public layer tables
  /// of an RTX 4090 and an RTX PRO 6000 fit (vLLM 0.19.0), of which a quarter is beyond 0.3.
  static let unknownShare = 0.1

  private var pure: [(decodes: Double, share: Double)] = []
  private var mixed: [(decodes: Double, share: Double)] = []
  /// How many skewed batches it rests on.
  private(set) var samples = 0

  /// Fits the law to a curve's triples: a skewed batch, and the two equal ones of its mean and of
  /// its longest length under the same conditions. Nil where there are none.
  init?(_ curve: MeasuredCurve) {
    guard curve.samples.contains(where: { $0.point[4] > $0.point[3] }) else { return nil }
    var equal: [AxisPoint: Double] = [:]
    for sample in curve.samples where sample.point[4] == 0 {
      equal[sample.point] = sample.duration.median
    }
    struct Sums { var numerator = 0.0, denominator = 0.0 }
    var sums: [SIMD2<Int>: Sums] = [:]
    for sample in curve.samples where sample.point[4] > sample.point[3] {
      let point = sample.point
      func time(_ context: Int) -> Double? {
        equal[AxisPoint(point[0], point[1], point[2], context)]
      }
      guard let mean = time(point[3]), let longest = time(point[4]), mean > 0 else { continue }
      samples += 1
      let weight = 1 / (mean * mean)
      let key = SIMD2(point[0] > 0 ? 1 : 0, point[2])
      sums[key, default: Sums()].numerator +=
        weight * (longest - mean) * (sample.duration.median - mean)
      sums[key, default: Sums()].denominator += weight * (longest - mean) * (longest - mean)
    }
    guard !sums.isEmpty else { return nil }
    for (key, sum) in sums.sorted(by: { $0.key.y < $1.key.y }) where sum.denominator > 0 {
      let entry = (decodes: Double(key.y), share: min(1, max(0, sum.numerator / sum.denominator)))
      if key.x == 1 { mixed.append(entry) } else { pure.append(entry) }
    }
  }

  /// The share for a batch of that many decodes; held beyond the measured numbers.
  func share(decodes: Int, mixed isMixed: Bool) -> Double {
    let law = isMixed ? mixed : pure
    guard let first = law.first, let last = law.last else { return 0 }
    let wanted = Double(decodes)
    if wanted <= first.decodes { return first.share }
    if wanted >= last.decodes { return last.share }
    guard let upper = law.firstIndex(where: { $0.decodes >= wanted }), upper > 0 else {
      return last.share
    }
    let (low, high) = (law[upper - 1], law[upper])
    let fraction =
      logarithm(wanted / low.decodes) / logarithm(high.decodes / low.decodes)
    return low.share + fraction * (high.share - low.share)
  }
}
