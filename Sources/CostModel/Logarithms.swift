#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// The natural logarithm.
func logarithm(_ value: Double) -> Double { log(value) }

/// The inverse of ``logarithm(_:)``.
func exponential(_ value: Double) -> Double { exp(value) }

/// Where a value lies among sorted ones: the place of the one below it, and how far it is from there to the
/// next; at an end, or beyond it, the end's place.
@inline(__always)
func position(of wanted: Double, in sorted: [Double]) -> (low: Int, fraction: Double) {
  let last = sorted.count - 1
  guard wanted > sorted[0] else { return (0, 0) }
  guard wanted < sorted[last] else { return (last, 0) }
  var (low, high) = (0, last)
  while high - low > 1 {
    let middle = (low + high) / 2
    if sorted[middle] <= wanted { low = middle } else { high = middle }
  }
  return (low, (wanted - sorted[low]) / (sorted[low + 1] - sorted[low]))
}

/// The coordinate in which curves are interpolated: logarithmic in the size, linear near zero, so
/// that zero (no past, no decodes) is a point like any other.
func logCoordinate(_ size: Double) -> Double { log(max(0, size) + 1) }
