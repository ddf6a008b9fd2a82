#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// The natural logarithm.
func logarithm(_ value: Double) -> Double { log(value) }

/// The inverse of ``logarithm(_:)``.
func exponential(_ value: Double) -> Double { exp(value) }

/// The coordinate in which curves are interpolated: logarithmic in the size, linear near zero, so
/// that zero (no past, no decodes) is a point like any other.
func logCoordinate(_ size: Double) -> Double { log(max(0, size) + 1) }
