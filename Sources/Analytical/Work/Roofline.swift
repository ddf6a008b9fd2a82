public import Operators

/// A device's rates for one data type, looked up once: ``Device/speedOfLight(_:_:)`` for hot loops.
public struct Roofline: Hashable, Sendable {
  @usableFromInline let perFlop: Double
  @usableFromInline let perByte: Double
  @usableFromInline let perLinkByte: Double

  /// Takes the rates of a device.
  public init(_ device: Device, _ dataType: DataType?) {
    perFlop = 1e9 / device.peakFlops(dataType)
    perByte = 1e9 / device.memoryBandwidth
    perLinkByte = 1e9 / device.linkBandwidth
  }

  /// What an amount of work takes of each of the device's means, in nanoseconds.
  @inlinable
  public func times(
    _ work: OperatorWork
  ) -> (arithmetic: Double, traffic: Double, link: Double) {
    (work.flops * perFlop, work.bytes * perByte, work.linkBytes * perLinkByte)
  }

  /// The time for an amount of work whose parts do not overlap, in nanoseconds: without the knees of
  /// ``nanoseconds(_:)``.
  @inlinable
  public func sum(_ work: OperatorWork) -> Double {
    let times = times(work)
    return times.arithmetic + times.traffic + times.link
  }

  /// The shortest time for an amount of work, in nanoseconds.
  @inlinable
  public func nanoseconds(_ work: OperatorWork) -> Double {
    max(work.flops * perFlop, work.bytes * perByte, work.linkBytes * perLinkByte)
  }
}
