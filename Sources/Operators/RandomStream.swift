/// Random numbers for one purpose: Blackman and Vigna's xoshiro256**, "Scrambled Linear
/// Pseudorandom Number Generators" (ACM TOMS 47, 2021), seeded by ``SplitMix64``.
///
/// ```swift
/// var gaps = RandomStream(seed: 7, name: "chat/gaps")
/// var lengths = RandomStream(seed: 7, name: "chat/lengths")
/// ```
///
/// Each purpose has a stream with a name of its own, so that drawing more for one changes nothing of
/// another. The same seed and name give the same numbers everywhere and always.
public struct RandomStream: RandomNumberGenerator, Sendable, Hashable {
  private var words: (UInt64, UInt64, UInt64, UInt64)

  /// Begins the stream of a purpose.
  public init(seed: UInt64, name: String) {
    // The name need not be scattered well, as SplitMix64 does that.
    var source = SplitMix64(seed: SplitMix64.mixed(seed, nameHash(name)))
    words = (source.next(), source.next(), source.next(), source.next())
  }

  /// Begins at a state, which must not be all zero: what published test vectors give.
  init(words: (UInt64, UInt64, UInt64, UInt64)) {
    self.words = words
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    let product = words.1 &* 5
    let result = (product << 7 | product >> 57) &* 9
    let shifted = words.1 << 17
    words.2 ^= words.0
    words.3 ^= words.1
    words.1 ^= words.2
    words.0 ^= words.3
    words.2 ^= shifted
    words.3 = words.3 << 45 | words.3 >> 19
    return result
  }

  /// Uniform between 0 and 1, never either: 53 bits.
  public mutating func uniform() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

  /// Whether two streams will give the same numbers.
  public static func == (left: Self, right: Self) -> Bool { left.words == right.words }

  /// Hashes the state.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
    hasher.combine(words.3)
  }
}
