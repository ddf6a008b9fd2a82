/// An accelerator, as GenZ describes it: four speeds and a size.
///
/// GenZ writes GB and GB/s and computes with 2³⁰ bytes, so that a data sheet's figure comes out 7%
/// faster than the sheet says. The fields hold what GenZ's tables hold, unconverted.
public struct GenZSystem: Hashable, Sendable {
  /// GenZ's name, such as `H100_GPU`.
  public var name: String
  /// bf16 rate in 10¹² floating-point operations a second; a multiply-add counts as two.
  public var teraflops: Double
  /// Memory of one chip, in units of 2³⁰ bytes.
  public var memoryGB: Double
  /// Memory bandwidth of one chip, in 2³⁰ bytes a second.
  public var memoryBandwidth: Double
  /// Bandwidth of a chip's link to the others, in 2³⁰ bytes a second.
  public var linkBandwidth: Double
  /// Latency of a link, in microseconds.
  public var linkLatency: Double

  /// Creates a system.
  public init(
    name: String, teraflops: Double, memoryGB: Double, memoryBandwidth: Double,
    linkBandwidth: Double, linkLatency: Double = 1
  ) {
    self.name = name
    self.teraflops = teraflops
    self.memoryGB = memoryGB
    self.memoryBandwidth = memoryBandwidth
    self.linkBandwidth = linkBandwidth
    self.linkLatency = linkLatency
  }
}

extension GenZSystem {
  /// GenZ's own system of that name, whatever the case of its letters.
  public static func builtIn(named name: String) -> GenZSystem? {
    let wanted = name.lowercased()
    return builtIns.first { $0.name.lowercased() == wanted }
  }

  /// GenZ's system of a device; its names are among those that our devices go by.
  public static func builtIn(of device: Device) -> GenZSystem? {
    builtIns.first { device.matches($0.name) }
  }

  /// The 13 systems that GenZ 0.0.16 comes with, under its names and with its figures.
  ///
  /// They are kept for comparison with GenZ, faults included: GH200, B100, GB200 and Gaudi3 have
  /// rates that their makers publish for fp8 or for sparse matrices. Use a ``Device`` for anything
  /// else.
  public static let builtIns: [GenZSystem] = [
    GenZSystem(
      name: "A100_40GB_GPU", teraflops: 312, memoryGB: 40, memoryBandwidth: 1600,
      linkBandwidth: 150),
    GenZSystem(
      name: "A100_80GB_GPU", teraflops: 312, memoryGB: 80, memoryBandwidth: 2039,
      linkBandwidth: 150),
    GenZSystem(
      name: "H100_GPU", teraflops: 989, memoryGB: 80, memoryBandwidth: 3400, linkBandwidth: 450),
    GenZSystem(
      name: "GH200_GPU", teraflops: 1979, memoryGB: 144, memoryBandwidth: 4900,
      linkBandwidth: 450),
    GenZSystem(
      name: "B100", teraflops: 3500, memoryGB: 192, memoryBandwidth: 8000, linkBandwidth: 900,
      linkLatency: 0.25),
    GenZSystem(
      name: "GB200", teraflops: 4500, memoryGB: 192, memoryBandwidth: 8000, linkBandwidth: 900,
      linkLatency: 0.25),
    GenZSystem(
      name: "TPUv6", teraflops: 926, memoryGB: 32, memoryBandwidth: 1640, linkBandwidth: 100),
    GenZSystem(
      name: "TPUv5e", teraflops: 197, memoryGB: 16, memoryBandwidth: 820, linkBandwidth: 50),
    GenZSystem(
      name: "TPUv5p", teraflops: 459, memoryGB: 95, memoryBandwidth: 2765, linkBandwidth: 450),
    GenZSystem(
      name: "TPUv4", teraflops: 275, memoryGB: 32, memoryBandwidth: 1228, linkBandwidth: 24),
    GenZSystem(
      name: "MI300X", teraflops: 1307, memoryGB: 192, memoryBandwidth: 5300, linkBandwidth: 400),
    GenZSystem(
      name: "MI325X", teraflops: 1307, memoryGB: 256, memoryBandwidth: 6000, linkBandwidth: 400),
    GenZSystem(
      name: "Gaudi3", teraflops: 1835, memoryGB: 128, memoryBandwidth: 3675, linkBandwidth: 300),
  ]
}
