internal import Analytical
internal import Operators

extension StepShape {
  /// The shape of a step whose attention is one point of a curve, of so many equal prefills.
  init(attentionAt point: AxisPoint, sequences: Int = 1) {
    self.init()
    if point[0] > 0 {
      addPrefill(tokens: point[0], past: point[1], samples: true)
      func all(_ sum: Int) -> Int { Self.clamped(clampedProduct(sum, Self.clamped(sequences))) }
      prefillSequences = Self.clamped(sequences)
      prefillTokens = all(prefillTokens)
      prefillPairs = all(prefillPairs)
      prefillContext = all(prefillContext)
      sampledSequences = Self.clamped(sequences)
    }
    decodeSequences = Self.clamped(point[2])
    decodeContext = Self.clamped(clampedProduct(decodeSequences, Self.clamped(point[3])))
    longestDecodeContext = Self.clamped(max(point[3], point[4]))
    sampledSequences = Self.clamped(sampledSequences + decodeSequences)
  }

  /// The most keys that one of its sequences may read.
  var longestContext: Int { max(longestDecodeContext, prefillContext) }

  /// Its prefills alone, and its decodes alone.
  var phases: (prefills: StepShape, decodes: StepShape) {
    var (prefills, decodes) = (self, self)
    (prefills.decodeSequences, prefills.decodeContext, prefills.longestDecodeContext) = (0, 0, 0)
    (decodes.prefillSequences, decodes.prefillTokens) = (0, 0)
    (decodes.prefillPairs, decodes.prefillContext) = (0, 0)
    return (prefills, decodes)
  }
}

/// A product that stays at a large value instead of overflowing: points may come from any file.
func clampedProduct(_ left: Int, _ right: Int) -> Int {
  let (product, overflow) = left.multipliedReportingOverflow(by: right)
  return overflow ? .max / 4 : product
}

extension AxisPoint {
  /// The point of sizes along the first axes.
  init(sizes: SIMD4<Double>) {
    self.init(wholeSize(sizes[0]), wholeSize(sizes[1]), wholeSize(sizes[2]), wholeSize(sizes[3]))
  }

  /// The sizes along the first four axes.
  var sizes: SIMD4<Double> {
    SIMD4(Double(self[0]), Double(self[1]), Double(self[2]), Double(self[3]))
  }
}
