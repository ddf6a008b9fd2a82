/// Steele, Lea and Flood's generator, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014),
/// with its published constants: what seeds are stretched with, and hashes finished.
public struct SplitMix64: RandomNumberGenerator, Sendable, Hashable {
  /// Where it is.
  public var state: UInt64

  /// Begins at a seed; every one is as good.
  @inlinable
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  @inlinable
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return Self.mixed(state)
  }

  /// The finaliser: a bijection after which every bit depends on all of the value's.
  @inlinable
  public static func mixed(_ value: UInt64) -> UInt64 {
    var mixed = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A name for two values in this order.
  @inlinable
  public static func mixed(_ first: UInt64, _ second: UInt64) -> UInt64 {
    mixed(first &+ mixed(second &+ 0x9e37_79b9_7f4a_7c15))
  }
}
