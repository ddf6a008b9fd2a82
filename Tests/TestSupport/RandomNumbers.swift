package import Operators

// Tests draw from one generator, so that a seed means the same cases everywhere and always.
extension SplitMix64 {
  /// One of 0, 1, … up to below `bound`, which must be at least 1.
  package mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

  /// From 0 up to 1, in steps of 2⁻⁵³.
  package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
