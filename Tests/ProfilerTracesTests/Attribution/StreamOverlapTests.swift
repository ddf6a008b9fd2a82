import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

@Suite struct StreamOverlapTests {
  /// One operator with a launch for each kernel; kernels are (start, duration, stream).
  private func trace(_ kernels: [(String, String, Int)], graph: Bool = false) throws
    -> ImportedTrace
  {
    var trace = TraceText()
    trace.op("op", "0", "90", dims: "[[1]]")
    for (index, kernel) in kernels.enumerated() {
      trace.launch(graph ? "cudaGraphLaunch" : "cudaLaunchKernel", "\(index + 1)", index)
      trace.kernel("k\(index)", kernel.0, kernel.1, index, stream: kernel.2)
    }
    return try trace.read()
  }

  @Test func `kernels that overlap by dependent launch are counted, and their call is their union`()
    throws
  {
    let trace = try trace([("100.000", "10.000", 3), ("108.000", "5.000", 3), ("200.5", "1", 3)])
    #expect(trace.coverage.timing.overlaps == Tally(count: 1, nanoseconds: 2000))
    #expect(trace.coverage.timing.overflows == Tally())
    #expect(trace.groups[0].totalKernelTime == 16_000)
    #expect(trace.samples[0].duration.mean == 14_000)
    #expect(trace.coverage.total.nanoseconds == 16_000)
    #expect(trace.facts["overlapping_kernels"] == "1")
  }

  @Test func `kernels on different streams overlap without notice, and count once in a call`()
    throws
  {
    let trace = try trace([("100.000", "10.000", 3), ("102.000", "5.000", 4)])
    #expect(trace.coverage.timing.overlaps.count == 0)
    #expect(trace.samples[0].duration.mean == 10_000)
    #expect(trace.groups[0].totalKernelTime == 15_000)
  }

  @Test func `a duration that runs over the next kernel is cut where that begins`() throws {
    let trace = try trace([("100.000", "1600000", 3), ("108.000", "5.000", 3)])
    #expect(
      trace.coverage.timing.overflows == Tally(count: 1, nanoseconds: 1_599_992_000))
    #expect(trace.coverage.timing.overlaps.count == 0)
    #expect(trace.groups[0].totalKernelTime == 13_000)
    #expect(trace.facts["overflowing_kernels"] == "1")
  }

  @Test func `branches of a graph may hold one another`() throws {
    let trace = try trace([("100.000", "50", 3), ("108.000", "5.000", 3)], graph: true)
    #expect(trace.coverage.timing.overflows.count == 0)
    #expect(trace.coverage.timing.overlaps == Tally(count: 1, nanoseconds: 5000))
  }

  @Test func `whole microseconds are told, their zeros stay in the mean, and a median is not zero`()
    throws
  {
    var text = TraceText()
    for call in 0..<4 {
      text.op("op", "\(10 * call)", "5", dims: "[[1]]")
      text.launch("cudaLaunchKernel", "\(10 * call + 1)", call)
      text.kernel("k", "\(100 + 10 * call)", call == 0 ? "2" : "0", call)
    }
    let trace = try text.read()
    #expect(trace.facts["resolution_ns"] == "1000")
    #expect(trace.facts["zero_duration_kernels"] == "3")
    #expect(trace.samples[0].duration.minimum == 0)
    #expect(trace.samples[0].duration.median == 500)
    #expect(trace.samples[0].duration.mean == 500)
    // Rounded ends may hold the next kernel by a step of the clock or two.
    text.op("op", "60", "9", dims: "[[1]]")
    for (id, start, duration) in [(70, 200, 5), (71, 203, 1)] {
      text.launch("cudaLaunchKernel", "\(id - 9)", id)
      text.kernel("k", "\(start)", "\(duration)", id)
    }
    let timing = try text.read().coverage.timing
    #expect(timing.overflows.count == 0)
    #expect(timing.overlaps == Tally(count: 1, nanoseconds: 1000))
  }

  @Test(
    "real traces overlap as often as was counted by other means",
    .needsSharedData,
    arguments: [
      ("TraceLens/b200_eager_trace.json.gz", 74, 1, 0), ("HTA/rank0.json.gz", 1, 1000, 0),
      ("TraceLens/h100_Qwen1.5-0.5B-Chat.json.gz", 0, 1, 0), ("HTA/nccl_data.json.gz", 0, 1, 0),
      ("chakra/resnet_kineto.json.gz", 0, 1000, 111),
    ])
  func real(file: String, overlaps: Int, resolution: Int64, zeros: Int) throws {
    let timing = try KinetoReader.read(path: SharedData.path("traces/" + file)).coverage.timing
    #expect(timing.overlaps.count == overlaps)
    #expect(timing.overflows.count == 0)
    #expect(timing.resolution == resolution)
    #expect(timing.zeroDurations == zeros)
  }
}
