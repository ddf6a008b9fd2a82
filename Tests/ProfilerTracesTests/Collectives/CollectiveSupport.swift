@testable import ProfilerTraces

/// Small traces of one rank with collectives in them, as Kineto writes them.
struct RankText {
  var trace = TraceText()
  private var correlation = 100

  init(rank: Int, of worldSize: Int) {
    trace.head = """
      "deviceProperties": [{"id": 0, "name": "GPU"}],
      "distributedInfo": {"backend": "nccl", "rank": \(rank), "world_size": \(worldSize)}
      """
  }

  /// One collective of float elements; times in whole microseconds.
  mutating func collective(
    _ name: String, at start: Int, for duration: Int, elements: (Int, Int) = (256, 256),
    group: String = "0", ranks: [Int], sequence: Int? = nil, device: Int = 0, more: String = ""
  ) {
    correlation += 1
    let number = sequence.map { ", \"Seq\": \($0)" } ?? ""
    trace.op("record_param_comms", "\(start - 5)", "4")
    trace.launch("cudaLaunchKernelExC", "\(start - 4)", correlation)
    trace.add(
      "kernel", "ncclDevKernel_Generic", "\(start)", "\(duration)", pid: device, tid: 20,
      [
        """
        "correlation": \(correlation), "Collective name": "\(name)", "dtype": "Float",
        "In msg nelems": \(elements.0), "Out msg nelems": \(elements.1),
        "Group size": \(ranks.count), "In split size": "[]", "Process Group Name": "\(group)",
        "Process Group Ranks": "\(ranks)", "Comms Id": 18446744073709551557\(number)\(more)
        """
      ])
  }

  func read() throws -> ImportedTrace { try trace.read() }
}
