import Analytical
import Operators
import Testing

@Suite struct DeviceTests {
  @Test(arguments: [
    ("NVIDIA GeForce RTX 4090", "rtx-4090"), ("RTX4090", "rtx-4090"),
    ("NVIDIA H100 80GB HBM3", "h100-sxm"), ("NVIDIA A100-SXM4-80GB", "a100-sxm-80gb"),
    ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "rtx-pro-6000"),
    ("AMD Instinct MI300X", "mi300x"), ("MI300X OAM", "mi300x"),
    ("AMD Instinct MI300X OAM", "mi300x"), ("h200-sxm", "h200-sxm"),
  ])
  func `A device is found by what profilers call it`(reported: String, name: String) {
    #expect(Device.builtIn(named: reported)?.name == name)
  }

  @Test func `An unknown device is not guessed`() {
    #expect(Device.builtIn(named: "") == nil)
    #expect(Device.builtIn(named: "GTX 1080") == nil)
  }

  /// The roofline's two sides, by hand: 2·1·4096·4096 FLOPs are nothing, 33.6 MB at 3.35 TB/s
  /// are 10 µs; at 8192 tokens the arithmetic takes over.
  @Test func `The roofline is memory at one token and arithmetic at many`() throws {
    let device = try #require(Device.builtIn(named: "h100-sxm"))
    let op = Operator(.gemm, dataType: .bfloat16, ["n": 4096, "k": 4096])
    let one = try #require(OperatorWork(op, at: AxisPoint(1)))
    let many = try #require(OperatorWork(op, at: AxisPoint(8192)))
    #expect(abs(device.speedOfLight(one, .bfloat16) - 10_021) < 5)
    #expect(abs(device.speedOfLight(many, .bfloat16) - 277_800) < 100)
  }
}
