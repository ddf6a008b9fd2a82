internal import Operators

extension Device {
  /// The built-in device that `name` means, by short name or by what a profiler reports.
  ///
  /// Processors are too many to list: any name that begins with `cpu-` takes the generic core's
  /// figures.
  public static func builtIn(named name: String) -> Device? {
    if let device = builtIns.first(where: { $0.matches(name) }) { return device }
    guard name.lowercased().hasPrefix("cpu-"), var device = builtIn(named: "cpu-core") else {
      return nil
    }
    device.name = name
    return device
  }

  /// The built-in devices. Memory that is sold as GB is GiB, as drivers report it.
  public static let builtIns: [Device] = [
    Device(
      name: "a100-sxm-80gb",
      reportedNames: ["A100-SXM4-80GB", "A100", "A100-SXM-80GB"],
      peakFlops: [.float32: 19.5e12, .float16: 312e12, .bfloat16: 312e12, .int8: 624e12],
      memoryBandwidth: 2039e9, memoryBytes: 80 * gibibyte, linkBandwidth: 300e9,
      launchFloor: 2000, source: "NVIDIA A100 data sheet, SXM 80 GB column"),
    Device(
      name: "a100-sxm-40gb",
      reportedNames: ["A100-SXM4-40GB", "A100-SXM-40GB"],
      peakFlops: [.float32: 19.5e12, .float16: 312e12, .bfloat16: 312e12, .int8: 624e12],
      memoryBandwidth: 1555e9, memoryBytes: 40 * gibibyte, linkBandwidth: 300e9,
      launchFloor: 2000, source: "NVIDIA A100 data sheet, SXM 40 GB column"),
    Device(
      name: "h100-sxm",
      reportedNames: ["H100-SXM5-80GB", "H100 80GB HBM3", "H100", "H100-SXM"],
      peakFlops: [
        .float32: 67e12, .float16: 989.5e12, .bfloat16: 989.5e12, .float8: 1979e12, .int8: 1979e12,
      ],
      memoryBandwidth: 3350e9, memoryBytes: 80 * gibibyte, linkBandwidth: 450e9,
      launchFloor: 2000, source: "NVIDIA H100 data sheet, SXM column; sparse rates halved"),
    Device(
      name: "h200-sxm",
      reportedNames: ["H200", "H200-SXM-141GB", "H200 SXM"],
      peakFlops: [
        .float32: 67e12, .float16: 989.5e12, .bfloat16: 989.5e12, .float8: 1979e12, .int8: 1979e12,
      ],
      memoryBandwidth: 4800e9, memoryBytes: 141 * gibibyte, linkBandwidth: 450e9,
      launchFloor: 2000, source: "NVIDIA H200 data sheet, SXM column; sparse rates halved"),
    Device(
      name: "b200-sxm",
      reportedNames: ["B200", "B200-SXM", "B200 SXM"],
      peakFlops: [
        .float32: 75e12, .float16: 2250e12, .bfloat16: 2250e12, .float8: 4500e12, .int8: 4500e12,
      ],
      memoryBandwidth: 7700e9, memoryBytes: 180 * gibibyte, linkBandwidth: 900e9,
      launchFloor: 2000, source: "NVIDIA Blackwell data sheet, HGX B200; sparse rates halved"),
    Device(
      name: "l40s",
      reportedNames: ["L40S"],
      peakFlops: [
        .float32: 91.6e12, .float16: 362.05e12, .bfloat16: 362.05e12, .float8: 733e12,
        .int8: 733e12,
      ],
      memoryBandwidth: 864e9, memoryBytes: 48 * gibibyte, linkBandwidth: 32e9,
      launchFloor: 2000, source: "NVIDIA L40S data sheet; sparse rates halved; PCIe 4.0 x16"),
    Device(
      name: "rtx-4090",
      reportedNames: ["GeForce RTX 4090", "RTX4090"],
      peakFlops: [
        .float32: 82.6e12, .float16: 165.2e12, .bfloat16: 165.2e12, .float8: 330.3e12,
        .int8: 660.6e12,
      ],
      memoryBandwidth: 1008e9, memoryBytes: 24 * gibibyte, linkBandwidth: 32e9,
      launchFloor: 2000,
      source: "NVIDIA Ada GPU architecture whitepaper, appendix A; FP32 accumulation"),
    Device(
      name: "rtx-pro-6000",
      reportedNames: [
        "RTX PRO 6000 Blackwell Server Edition", "RTXPRO6000", "RTX PRO 6000",
        "RTX PRO 6000 Blackwell Workstation Edition",
      ],
      peakFlops: [
        .float32: 120e12, .float16: 500e12, .bfloat16: 500e12, .float8: 1000e12, .int8: 1000e12,
      ],
      memoryBandwidth: 1597e9, memoryBytes: 96 * gibibyte, linkBandwidth: 64e9,
      launchFloor: 2000,
      source:
        "NVIDIA RTX PRO 6000 Blackwell data sheet: 4 PFLOPS sparse FP4, of which dense FP8 is "
        + "a quarter and dense 16-bit an eighth"),
    Device(
      name: "mi300x",
      reportedNames: ["Instinct MI300X", "MI300X", "Instinct MI300X OAM"],
      peakFlops: [
        .float32: 163.4e12, .float16: 1307.4e12, .bfloat16: 1307.4e12, .float8: 2614.9e12,
        .int8: 2614.9e12,
      ],
      memoryBandwidth: 5300e9, memoryBytes: 192 * gibibyte, linkBandwidth: 448e9,
      launchFloor: 3000, source: "AMD Instinct MI300X data sheet"),
    Device(
      name: "cpu-core",
      reportedNames: ["cpu", "generic-cpu"],
      peakFlops: [.float32: 128e9, .float16: 128e9, .bfloat16: 256e9, .int8: 512e9],
      memoryBandwidth: 20e9, memoryBytes: 64 * gibibyte, linkBandwidth: 10e9,
      launchFloor: 2000,
      source: "one server core: two 512-bit FMA units at 2 GHz, a fair share of eight DDR5 channels"
    ),
  ]

  private static let gibibyte = 1_073_741_824.0
}
