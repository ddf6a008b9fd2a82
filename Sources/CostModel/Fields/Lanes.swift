/// Eight single-precision numbers that are computed with at once.
typealias Lanes = SIMD8<Float>

/// The absolute value, lane by lane: the sign bit cleared.
@inline(__always)
func magnitude(_ value: Lanes) -> Lanes {
  unsafeBitCast(unsafeBitCast(value, to: SIMD8<UInt32>.self) & 0x7FFF_FFFF, to: Lanes.self)
}

/// The least of the lanes.
@inline(__always)
func least(_ value: Lanes) -> Float {
  var four = value.lowHalf
  four.replace(with: value.highHalf, where: value.highHalf .< four)
  var two = four.lowHalf
  two.replace(with: four.highHalf, where: four.highHalf .< two)
  return min(two.x, two.y)
}

/// eˣ lane by lane for x from -87 to 0, to 2 units in the last place; below, e⁻⁸⁷.
///
/// The polynomial is that of Cephes' `expf` (Moshier, 1989). Made of additions and multiplications
/// alone, it gives the same bits on every machine, which the library's `exp` does not.
@inline(__always)
func exponential(_ value: Lanes) -> Lanes {
  var x = value
  x.replace(with: Lanes(repeating: -87), where: x .< -87)
  // Added to 1.5 · 2²³, a number is rounded to a whole one, which the lowest bits then hold.
  let shifted = x * Float(1.442_695_04) + Lanes(repeating: 12_582_912)
  let whole = shifted - Lanes(repeating: 12_582_912)
  let rest = x - whole * Float(0.693_359_375) + whole * Float(2.121_944_4e-4)
  var sum = Lanes(repeating: 1.987_569_15e-4)
  sum = sum * rest + Float(1.398_199_950_7e-3)
  sum = sum * rest + Float(8.333_451_907_3e-3)
  sum = sum * rest + Float(4.166_579_589_4e-2)
  sum = sum * rest + Float(1.666_666_545_9e-1)
  sum = sum * rest + Float(5.000_000_120_1e-1)
  let power = sum * rest * rest + rest + Float(1)
  let exponent = unsafeBitCast(shifted, to: SIMD8<UInt32>.self) &<< 23
  return unsafeBitCast(unsafeBitCast(power, to: SIMD8<UInt32>.self) &+ exponent, to: Lanes.self)
}

extension UnsafeMutablePointer where Pointee: SIMD {
  /// A number by its place among those of all vectors.
  @inline(__always)
  func scalar(_ index: Int) -> Pointee.Scalar {
    UnsafeRawPointer(self).load(
      fromByteOffset: index * MemoryLayout<Pointee.Scalar>.stride, as: Pointee.Scalar.self)
  }

  /// Sets a number by its place among those of all vectors.
  @inline(__always)
  func setScalar(_ index: Int, to value: Pointee.Scalar) {
    UnsafeMutableRawPointer(self).storeBytes(
      of: value, toByteOffset: index * MemoryLayout<Pointee.Scalar>.stride,
      as: Pointee.Scalar.self)
  }
}
