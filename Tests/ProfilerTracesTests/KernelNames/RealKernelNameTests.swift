import TestSupport
import Testing
import TraceIO

@testable import ProfilerTraces

/// The table of kernel names against real traces, and against what TraceLens says of their kernels.
@Suite(.needsSharedData)
struct RealKernelNameTests {
  @Test(
    "Of a real trace's time on the device at least 95 % is classified",
    arguments: [
      ("HTA/control.json.gz", 99.9), ("HTA/nccl_data.json.gz", 99.9),
      ("HTA/rank0.json.gz", 98.3), ("TraceLens/b200_eager_trace.json.gz", 99.9),
      ("TraceLens/h100_Qwen1.5-0.5B-Chat.json.gz", 99.9),
      ("TraceLens/mi210_gpu_only.json.gz", 99.9),
      ("TraceLens/mi300_Qwen1.5-0.5B-Chat.json.gz", 99.9),
      ("TraceLens/vllm_decode_full_graph_capture.pt.trace.json.gz", 99.9),
      ("TraceLens/vllm_decode_full_graph_execution.json.gz", 99.9),
      ("chakra/resnet_kineto.json.gz", 99.9),
    ])
  func classified(file: String, share: Double) throws {
    var times: [String: Int64] = [:]
    var scanner = try JSONScanner(ByteSource(path: SharedData.path("traces/" + file)))
    let kinds = ["kernel", "gpu_memcpy", "gpu_memset", "Kernel", "Memcpy", "Memset"]
    var (name, category, duration, depth) = ("", "", Int64(0), 0)
    while case let token = try scanner.next(), token != .end {
      switch token {
      case .objectStart, .arrayStart: depth += 1
      case .objectEnd, .arrayEnd:
        depth -= 1
        if depth == 2, kinds.contains(category) { times[name, default: 0] += duration }
        if depth == 2 { (name, category, duration) = ("", "", 0) }
      case .key where depth == 3:
        let (isName, isCategory) = (scanner.tokenIs("name"), scanner.tokenIs("cat"))
        let isDuration = scanner.tokenIs("dur")
        let value = try scanner.next()
        if isName { name = scanner.string() }
        if isCategory { category = scanner.string() }
        if isDuration { duration = scanner.fixedPoint(decimals: 3).value ?? 0 }
        try scanner.skipValue(of: value)
      default: break
      }
    }
    let table = KernelNameTable.builtIn
    let total = times.values.reduce(0, +)
    let unknown = times.filter { table.identity(of: $0.key).class == nil }
    let known = total - unknown.values.reduce(0, +)
    let percent = 100 * Double(known) / Double(total)
    #expect(percent >= 95)
    #expect(percent >= share, "\(percent) %; unknown: \(unknown.keys.sorted())")
  }

  @Test(
    "Of the used time of other profilers' traces at least 95 % is classified",
    arguments: [
      ("nsys/h100_2gpu_1s.sqlite", 99.9), ("rocm/mytrace.rpd.gz", 96.0),
      ("TraceLens/rocprofv3_908_results.json.gz", 99.9),
    ])
  func others(file: String, share: Double) throws {
    let trace = try #require(try TraceReader.read(path: SharedData.path("traces/" + file)).first)
    let times = trace.kernelTimes
    let total = times.reduce(0) { $0 + $1.tally.nanoseconds }
    let unknown = times.reduce(0) { $0 + ($1.identity.class == nil ? $1.tally.nanoseconds : 0) }
    let percent = 100 * Double(total - unknown) / Double(total)
    #expect(percent >= share, "\(percent) %")
  }

  /// What each operator's kernels compute, helpers that fill or copy aside.
  private static let classes: [String: KernelClass] = [
    "aten::mm": .gemm, "aten::addmm": .gemm, "aten::bmm": .gemm,
    "aten::_scaled_dot_product_flash_attention": .attention, "aten::mul": .elementwise,
    "aten::add": .elementwise, "aten::pow": .elementwise, "aten::neg": .elementwise,
    "aten::rsqrt": .elementwise, "aten::cos": .elementwise, "aten::sin": .elementwise,
    "aten::eq": .elementwise, "aten::sub": .elementwise, "aten::copy_": .copy, "aten::cat": .copy,
    "aten::index_select": .copy, "aten::arange": .copy, "aten::_local_scalar_dense": .copy,
    "aten::silu": .activation, "aten::mean": .reduction, "aten::all": .reduction,
    "pseudo_op::moe_triton_unfused_down": .moe, "pseudo_op::moe_triton_unfused_up": .moe,
    "pseudo_op::moe_triton_unfused_finalize_matmul_scatter": .moe, "SortTokens": .moe,
    "TopK": .moe, "vllm::rocm_unquantized_gemm": .gemm,
    "vllm::unified_attention_with_output": .attention, "aiter::rmsnorm2d_fwd_with_add_ck": .norm,
    "aiter::rms_norm": .norm, "_C::rotary_embedding": .rotary,
    "_C_cache_ops::reshape_and_cache_flash": .cache,
    "triton_poi_fused__to_copy_1": .elementwise, "triton_poi_fused_0": .elementwise,
    "triton_poi_fused_constant_pad_nd_moe_forward_0": .elementwise,
  ]

  @Test(
    "The class of a kernel is that of the operator that TraceLens gives it to",
    arguments: [
      ("golden_h100_Qwen", 28), ("golden_mi300_Qwen", 28), ("golden_vllm_decode_full", 20),
    ])
  func golden(folder: String, least: Int) throws {
    var table = try CSVReader(
      ByteSource(
        path: SharedData.path("traces/TraceLens/\(folder)/unified_perf_summary.csv")))
    let operatorColumn = table.column("name") ?? -1
    let kernelColumn = table.column("kernel_details_summary") ?? -1
    var checked: Set<String> = []
    while try table.next() {
      let name = table.field(operatorColumn)
      for part in table.field(kernelColumn).split(separator: "'name': '").dropFirst() {
        let kernel = String(part.prefix { $0 != "'" })
        let found = KernelNameTable.builtIn.identity(of: kernel).class
        guard let expected = Self.classes[name] else {
          #expect(name.hasPrefix("aten::index->"), "no class for \(name)")
          continue
        }
        let isHelper = ["Memset", "Memcpy", "FillFunctor"].contains(where: kernel.contains)
        #expect(found == (isHelper ? .copy : expected), "\(name): \(kernel)")
        checked.insert(name + kernel)
      }
    }
    #expect(checked.count >= least, "\(checked.count)")
  }
}
