/// The number format that GenZ gives to weights, activations, keys and values alike.
public enum GenZBits: String, Hashable, Sendable, CaseIterable {
  /// The format that every system's rate is stated for.
  case bf16
  /// Eight bits, at twice the bf16 rate on every system, whether it has such units or not.
  case fp8
  /// As ``fp8``.
  case int8
  /// Six bits in memory, computed at the rate of eight.
  case fp6
  /// Four bytes, at half the bf16 rate.
  case f32
  /// Four bits, at four times the bf16 rate.
  case fp4
  /// As ``fp4``.
  case int4
  /// Two bits, at eight times the bf16 rate.
  case int2
}

extension GenZBits {
  /// Time of a multiply-add, relative to bf16.
  public var computeMultiplier: Double {
    switch self {
    case .f32: 2
    case .bf16: 1
    case .fp8, .int8, .fp6: 0.5
    case .fp4, .int4: 0.25
    case .int2: 0.125
    }
  }

  /// Bytes of one element.
  public var memoryMultiplier: Double {
    switch self {
    case .f32: 4
    case .bf16: 2
    case .fp8, .int8: 1
    case .fp6: 0.75
    case .fp4, .int4: 0.5
    case .int2: 0.25
    }
  }
}
