import Analytical
import Operators
import Testing

/// The built-in devices and platforms against each other and against what is physically so.
@Suite struct DeviceCatalogueTests {
  @Test func `Names are found, in any spelling that profilers use, and lead to one device`() {
    for device in Device.builtIns {
      for name in [device.name] + device.reportedNames {
        for text in [
          name, name.uppercased(), name.replacing("-", with: " "), "NVIDIA " + name, "amd-" + name,
        ] {
          let found = Device.builtIns.filter { $0.matches(text) }.map(\.name)
          #expect(found == [device.name], "\(text)")
        }
      }
      #expect(!device.matches(device.name + " other") && !device.matches(""))
      #expect(!device.source.isEmpty)
    }
    #expect(Set(Device.builtIns.map(\.name)).count == Device.builtIns.count)
  }

  @Test(arguments: GenZSystem.builtIns)
  func `GenZ's names lead to the same device, whose memory it gives`(system: GenZSystem) throws {
    let device = try #require(Device.builtIn(named: system.name), "\(system.name)")
    expectClose(device.memoryBytes, system.memoryGB * 1_073_741_824, 0.05, system.name)
    expectClose(device.memoryBandwidth, system.memoryBandwidth * 1e9, 0.07, system.name)
    // Five of its rates are those of fp8 or of sparse matrices.
    let bfloat16 = device.peakFlops(.bfloat16)
    let ratio = system.teraflops * 1e12 / bfloat16
    let isDense = isClose(ratio, 1, 0.01)
    let isDoubled = ["GH200_GPU", "B100", "GB200"].contains(system.name) && ratio > 1.7
    #expect(isDense || isDoubled, "\(system.name): \(ratio)")
  }

  /// From the makers' sheets, dense: what a sparse rate in the file would double.
  @Test(arguments: [
    ("a100-sxm-80gb", 312.0, 2039.0), ("h100-sxm", 989.5, 3350), ("h200-sxm", 989.5, 4800),
    ("h100-pcie", 756.5, 2000), ("l4", 121, 300), ("l40s", 362.05, 864), ("mi300x", 1307.4, 5300),
    ("tpu-v4", 275, 1200), ("tpu-v5p", 459, 2765), ("rtx-4090", 165.2, 1008), ("a10", 125, 600),
  ])
  func `A sheet's figures are the file's`(name: String, teraflops: Double, gigabytes: Double)
    throws
  {
    let device = try #require(Device.builtIn(named: name))
    expectClose(device.peakFlops(.bfloat16), teraflops * 1e12, 1e-3)
    expectClose(device.memoryBandwidth, gigabytes * 1e9, 1e-3)
  }

  /// Units of half the width are twice as many; consumer cards halve 16 bits that accumulate in 32.
  @Test(arguments: Device.builtIns) func `Rates are dense and in proportion`(device: Device) {
    func ratio(_ narrow: DataType, _ wide: DataType) -> Double? {
      guard let narrow = device.peakFlops[narrow], let wide = device.peakFlops[wide] else {
        return nil
      }
      return narrow / wide
    }
    let name = device.name
    if let both = ratio(.float16, .bfloat16), name != "cpu-core" { #expect(both == 1, "\(name)") }
    for type in [DataType.bfloat16, .float16] {
      if let tensor = ratio(type, .float32) {
        #expect(tensor >= 1 && tensor <= 34, "\(name): \(tensor)")
      }
      if let half = ratio(.float8, type) { #expect(half > 0.99 && half < 2.03, "\(name): \(half)") }
      if let int = ratio(.int8, type) { #expect(int < 4.01, "\(name): \(int)") }
    }
    if let four = ratio(.int4, .int8) { #expect(four > 1.9 && four < 2.1, "\(name)") }
    // Blackwell Ultra has three times the units for 4 bits; GeForce halves 8 bits, not 4.
    if let four = ratio(.float4, .float8) { #expect(four > 1.9 && four < 4.1, "\(name)") }
    // A sparse rate would give more operations a byte than any machine has.
    let balance = device.peakFlops(.bfloat16) / device.memoryBandwidth
    #expect(balance > 5 && balance < 700, "\(name): \(balance) operations a byte")
    if let idle = device.idlePower, let power = device.power { #expect(idle < power / 2) }
    if let host = device.hostBandwidth { #expect(host < device.memoryBandwidth) }
    if let link = device.link { #expect(link.bandwidth < device.memoryBandwidth) }
  }

  @Test func `A type without units is computed in the next wider one that has them`() throws {
    let device = Device(
      name: "d", peakFlops: [.float32: 1, .bfloat16: 2, .int8: 3], memoryBandwidth: 1,
      memoryBytes: 1, source: "")
    let rates = DataType.allCases.map { device.peakFlops($0) }
    // fp32, fp16, bf16, fp8, int8, int4, fp4.
    #expect(rates == [1, 1, 2, 2, 3, 3, 2])
    #expect(device.peakFlops(nil) == 1)
    var half = device
    half.peakFlops = [.float32: 1, .float16: 5, .bfloat16: 2]
    #expect(DataType.allCases.map { half.peakFlops($0) } == [1, 5, 2, 2, 2, 2, 2])
    var without = device
    without.peakFlops = [.int8: 3]
    #expect(without.peakFlops(.float32) == 3)
  }

  @Test(arguments: Platform.builtIns)
  func `A platform is of a known device, and its levels slow down outward`(platform: Platform)
    throws
  {
    let device = try #require(Device.builtIn(named: platform.device.name))
    #expect(Platform.builtIn(named: platform.name.uppercased()) == platform)
    #expect(!platform.source.isEmpty && platform.device.peakFlops == device.peakFlops)
    for (inner, outer) in zip(platform.levels, platform.levels.dropFirst()) {
      #expect(inner.devices < outer.devices && outer.devices % inner.devices == 0)
      #expect(inner.bandwidth > outer.bandwidth && inner.latency < outer.latency)
    }
    // The device's own link is the first level, as its sheet has it.
    let (first, link) = (try #require(platform.levels.first), try #require(device.link))
    expectClose(first.bandwidth, link.bandwidth, 1e-9, platform.name)
    if let price = platform.device.pricePerHour, let alone = device.pricePerHour {
      expectClose(price, alone, 0.3, platform.name)
    }
  }

  @Test func `Platforms have names of their own, and a device alone is one too`() throws {
    #expect(Set(Platform.builtIns.map(\.name)).count == Platform.builtIns.count)
    let device = try #require(Device.builtIn(named: "h100-sxm"))
    let platform = Platform(device)
    #expect(platform.devices == 8 && platform.levels.count == 1)
    #expect(platform.levels[0].bandwidth == 450e9)
    var alone = device
    alone.link = nil
    #expect(Platform(alone).devices == 1 && Platform(alone).levels.isEmpty)
  }

  @Test(arguments: ["cpu-xeon", "CPU-anything"])
  func `Any other processor takes the generic core's figures`(name: String) throws {
    let (found, core) = try (
      #require(Device.builtIn(named: name)), #require(Device.builtIn(named: "cpu-core"))
    )
    #expect(found.name == name && found.peakFlops == core.peakFlops)
  }
}
