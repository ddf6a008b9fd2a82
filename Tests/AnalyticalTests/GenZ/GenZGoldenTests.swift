import Analytical
import Testing

@Suite(.enabled(if: GenZGoldenFile.isPresent, "needs ../shared/data"))
struct GenZGoldenTests {
  /// A pass of the file with what GenZ made of it.
  struct Golden: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var estimator: GenZEstimator
    var pass: GenZPass
    var figures: GenZGoldenFile.Figures
  }

  private static let passes: [Golden] = {
    guard let file = GenZGoldenFile.shared else { return [] }
    var passes: [Golden] = []
    for one in file.cases {
      guard
        let estimator = file.estimator(
          one.model, one.system, one.bits, one.tensorParallel, one.systemEff,
          one.pipelineParallel, one.expertParallel)
      else { continue }
      passes.append(
        Golden(
          testDescription: "\(one.id) prefill", estimator: estimator,
          pass: .prefill(batch: one.batchSize, inputTokens: one.inputTokens),
          figures: one.prefill))
      passes.append(
        Golden(
          testDescription: "\(one.id) decode", estimator: estimator,
          pass: .decode(
            batch: one.batchSize, inputTokens: one.inputTokens, outputTokens: one.outputTokens,
            beams: one.beamSizeBb), figures: one.decode))
    }
    for one in file.chunked {
      guard
        let estimator = file.estimator(
          one.model, one.system, one.bits, one.tensorParallel, one.systemEff)
      else { continue }
      passes.append(
        Golden(
          testDescription: one.id, estimator: estimator,
          pass: .chunked(
            prefills: one.prefillKvSizes.map { GenZChunk(past: $0[0], new: $0[1]) },
            decodes: one.decodeKvSizes), figures: one.chunked))
    }
    return passes
  }()

  @Test func `The file is read whole`() throws {
    let file = try #require(GenZGoldenFile.shared)
    #expect(Self.passes.count == 54)
    #expect(Self.passes.filter { $0.figures.ops != nil }.count == 18)
    #expect(file.specDecode.count == 3)
  }

  @Test(arguments: passes) func `Summaries are GenZ's`(golden: Golden) throws {
    let estimate = golden.estimator.estimate(golden.pass)
    let figures = golden.figures
    func figure(_ name: String) throws -> Double { try #require(figures.summary[name]) }
    #expect(estimate.weights == (try figure("Total Weights (MB)")))
    #expect(estimate.unusedWeights == (try figure("Unused Weights (MB)")))
    #expect(estimate.keyValues == (try figure("KV Cache (MB)")))
    #expect(estimate.footprint == (try figure("On-chip Memory Footprint (MB)")))
    expectAgreement(estimate.latency, figures.latencyMs, "latency")
    expectAgreement(estimate.throughput, figures.throughputReqPerS, "throughput")
    expectAgreement(estimate.totalData, try figure("Total Data (MB)"), "data")
    expectAgreement(2 * estimate.macs / 1e6, try figure("MACs (MFLOP)"), "multiply-adds")
    expectAgreement(estimate.attention, try figure("Attn Latency (msec)"), "attention")
    expectAgreement(estimate.linear, try figure("Linear Latency (msec)"), "matrices")
    expectAgreement(estimate.communication, try figure("Comm Latency (msec)"), "communication")
  }

  @Test(arguments: passes) func `Breakdowns are GenZ's`(golden: Golden) throws {
    let found = golden.estimator.estimate(golden.pass).breakdown
    let expected = golden.figures.breakdownMs
    for (name, value) in [
      ("Embedding", found.embedding), ("MHA", found.attention), ("FFN", found.feedForward),
      ("Collective", found.collectives), ("LA_layers", found.scores),
      ("QKVO_layers", found.projections), ("FFN_layers", found.feedForwardMatrices),
      ("AR_time", found.allReduces), ("A2A_time", found.allToAlls),
      ("Send_Recv_time", found.sendReceives), ("Softmax", 0), ("Mamba_time", 0),
    ] { expectAgreement(value, try #require(expected[name]), name) }
  }

  @Test(arguments: passes.filter { $0.figures.ops != nil })
  func `Tables of operators are GenZ's`(golden: Golden) throws {
    var count = 1
    var rows: [(row: [String: GenZGoldenFile.Cell], count: Int)] = []
    for row in golden.figures.ops ?? [] {
      let repeats = Int(row["Dimension"]?.text ?? "")
      switch row["Op Type"]?.text {
      case "Repeat": count *= try #require(repeats)
      case "EndRepeat": count /= try #require(repeats)
      default: rows.append((row, count))
      }
    }
    let operators = golden.estimator.operators(golden.pass)
    try #require(operators.count == rows.count)
    for (op, (row, count)) in zip(operators, rows) {
      let name = op.name.rawValue
      #expect(name == row["Layer Name"]?.text)
      #expect(op.shape.genZKind == row["Op Type"]?.text, "\(name)")
      #expect(op.shape.genZText == row["Dimension"]?.text, "\(name)")
      #expect(op.bound.rawValue == row["Bound"]?.text, "\(name)")
      #expect(op.count == count, "\(name)")
      for (column, value) in [
        ("Latency (msec)", op.latency), ("Compute time (msec)", op.computeTime),
        ("Memory time (msec)", op.memoryTime),
        ("Communication time (msec)", op.communicationTime),
        ("Num ops (MFLOP)", 2 * op.macs / 1e6), ("Input_a (MB)", op.inputBytes / 1_048_576),
        ("Input_w (MB)", op.weightBytes / 1_048_576),
        ("Output (MB)", op.outputBytes / 1_048_576),
      ] { expectAgreement(value, try #require(row[column]?.number), "\(name), \(column)") }
    }
  }

  @Test(arguments: GenZGoldenFile.shared?.specDecode ?? [])
  func `Speculation is GenZ's`(golden: GenZGoldenFile.Speculation) throws {
    let file = try #require(GenZGoldenFile.shared)
    let draft = try #require(file.models[golden.draftModel]).model
    let target = try #require(
      file.estimator(
        golden.model, golden.system, golden.bits, golden.tensorParallel, golden.systemEff))
    let found = try target.speculation(
      draft: draft, batch: golden.batchSize, inputTokens: golden.inputTokens,
      outputTokens: golden.outputTokens, speculatedTokens: golden.numParallelTokens,
      acceptance: golden.tokenAcceptanceRate)
    expectAgreement(found.latency, golden.latencyMs, "latency")
    expectAgreement(found.throughput, golden.throughputTokPerS, "throughput")
    expectAgreement(found.tokensPerRound, golden.tokensGenerated, "tokens")
  }

  @Test func `Systems are GenZ's`() throws {
    let systems = try #require(GenZGoldenFile.shared).systems
    #expect(systems.count == 8)
    for (name, figures) in systems {
      let system = GenZSystem(
        name: name, teraflops: try #require(figures["Flops"]?.number),
        memoryGB: try #require(figures["Memory_size"]?.number),
        memoryBandwidth: try #require(figures["Memory_BW"]?.number),
        linkBandwidth: try #require(figures["ICN"]?.number),
        linkLatency: figures["ICN_LL"]?.number ?? 1)
      #expect(GenZSystem.builtIn(named: name) == system)
    }
  }
}

extension GenZGoldenFile {
  fileprivate func estimator(
    _ model: String, _ system: String, _ bits: String, _ tensorParallel: Int,
    _ efficiency: Double, _ pipelineParallel: Int = 1, _ expertParallel: Int = 1
  ) -> GenZEstimator? {
    guard let model = models[model]?.model, let system = GenZSystem.builtIn(named: system),
      let bits = GenZBits(rawValue: bits)
    else { return nil }
    return try? GenZEstimator(
      model: model, system: system, bits: bits, tensorParallel: tensorParallel,
      pipelineParallel: pipelineParallel, expertParallel: expertParallel, efficiency: efficiency)
  }
}

extension GenZOperator.Shape {
  /// GenZ's column "Op Type".
  fileprivate var genZKind: String {
    switch self {
    case .matrix: "GEMM"
    case .logit: "Logit"
    case .attend: "Attend"
    case .collective: "Sync"
    }
  }

  /// GenZ's column "Dimension": the tensors read, held and written.
  fileprivate var genZText: String {
    switch self {
    case .matrix(let batch, let rows, let inner, let columns):
      "[((\(batch), \(rows), \(inner)), (\(columns), \(inner)), (\(batch), \(rows), \(columns)))]"
    case .logit(let batch, let heads, let queries, let keys, let headDim, let kvHeads):
      "((\(batch), \(heads), \(queries), \(headDim)), (\(batch), \(kvHeads), \(keys), \(headDim)),"
        + " (\(batch), \(heads), \(queries), \(keys)))"
    case .attend(let batch, let heads, let queries, let keys, let headDim, let kvHeads):
      "((\(batch), \(heads), \(queries), \(keys)), (\(batch), \(kvHeads), \(keys), \(headDim)),"
        + " (\(batch), \(heads), \(queries), \(headDim)))"
    case .collective(_, let batch, let rows, let width, _): "(\(batch), \(rows), \(width))"
    }
  }
}
