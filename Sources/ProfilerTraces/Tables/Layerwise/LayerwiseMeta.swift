import Foundation
import Operators
import TraceIO

/// What `meta.json` beside the tables says about how they were measured.
struct LayerwiseMeta {
  var deviceName: String?
  var runtime = RuntimeDescription(framework: "vLLM")
  var facts: [String: String] = [:]
  var dataType: DataType? = .bfloat16
  /// How many measurements each time is the mean of.
  var iterations = 1

  /// The facts that are kept; others may hold paths and names of machines.
  private static let kept: Set<String> = [
    "profiler_version", "cuda_version", "model", "variant", "profiled_at", "architecture",
  ]
  private static let keptOfEngine: Set<String> = [
    "load_format", "enforce_eager", "enable_prefix_caching", "block_size",
    "gpu_memory_utilization", "max_num_batched_tokens", "max_num_seqs",
  ]

  /// Reads `meta.json` in the directory above, or in the directory itself; neither need exist.
  init(beside directory: String, _ limits: InputLimits) throws(ProfilerTraceError) {
    let above = URL(filePath: directory).deletingLastPathComponent()
      .path(percentEncoded: false)
    let places = [above + "/meta.json", directory + "/meta.json"]
    guard let path = places.first(where: FileManager.default.fileExists) else { return }
    do throws(TraceIOError) {
      var scanner = try JSONScanner(ByteSource(path: path, limits: limits))
      guard try scanner.next() == .objectStart else { return }
      while try scanner.next() == .key { try readMember(&scanner) }
    } catch {
      throw .input(error)
    }
  }

  private mutating func readMember(_ scanner: inout JSONScanner) throws(TraceIOError) {
    let name = scanner.string()
    let token = try scanner.next()
    switch (name, token) {
    case ("gpu", .string): deviceName = scanner.string().asFact
    case ("vllm_version", .string): runtime.version = scanner.string().asFact
    case ("measurement_iterations", .number):
      if let count = scanner.integer(), count > 0, count < 1 << 31 { iterations = Int(count) }
    case ("engine_effective", .objectStart): try readEngine(&scanner)
    case (_, .string) where Self.kept.contains(name):
      facts[name] = scanner.string().asFact
      if name == "variant" { dataType = DataType(rawValue: scanner.string()) }
    default: try scanner.skipValue(of: token)
    }
  }

  private mutating func readEngine(_ scanner: inout JSONScanner) throws(TraceIOError) {
    while try scanner.next() == .key {
      let name = scanner.string()
      let token = try scanner.next()
      let isScalar = [.string, .number, .true, .false].contains(token)
      if isScalar, Self.keptOfEngine.contains(name) {
        // A word's text is the word itself.
        facts["engine." + name] = scanner.string().asFact
      }
      try scanner.skipValue(of: token)
    }
  }
}
