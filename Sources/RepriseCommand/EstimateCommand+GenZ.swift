import Reprise

extension EstimateCommand {
  /// The same question as GenZ 0.0.16 answers it.
  func genZReport() throws -> GenZReport {
    let model = try options.architecture()
    let workload = options.workload(of: model)
    if let fault = workload.fault { throw Failure(.usage, fault) }
    guard let bits = GenZBits(rawValue: options.dataType.genZName) else {
      throw Failure(.usage, "GenZ has no type \(options.dataType.rawValue)")
    }
    let target = try GenZEstimator(
      model: GenZModel(model), system: genZSystem(), bits: bits, tensorParallel: layout.tensor,
      pipelineParallel: layout.pipeline, expertParallel: layout.expert, efficiency: efficiency)
    var report = GenZReport(model: model.name, target, batch: workload.batch)
    if let chunk = workload.chunk {
      let context = workload.inputTokens + workload.outputTokens / 2
      report.add(
        "chunked",
        .chunked(
          prefills: [GenZChunk(past: workload.cachedTokens, new: chunk)],
          decodes: [Int](repeating: context, count: workload.decodesBeside)))
    } else {
      report.add(
        "prefill", .prefill(batch: workload.batch, inputTokens: workload.inputTokens))
      report.add(
        "decode",
        .decode(
          batch: workload.batch, inputTokens: workload.inputTokens,
          outputTokens: workload.outputTokens, beams: workload.beams))
    }
    report.listsOperators = operators
    if let draftModel {
      report.speculation = try target.speculation(
        draft: GenZModel(modelArchitecture(named: draftModel)), batch: workload.batch,
        inputTokens: workload.inputTokens, outputTokens: workload.outputTokens,
        speculatedTokens: draftTokens, acceptance: acceptance)
    }
    return report
  }

  private func genZSystem() throws -> GenZSystem {
    let name = options.device ?? options.platform ?? ""
    if let system = GenZSystem.builtIn(named: name) { return system }
    if let device = Device.builtIn(named: name), let system = GenZSystem.builtIn(of: device) {
      return system
    }
    throw Failure(
      .usage,
      "GenZ has no system '\(name)'; it has "
        + GenZSystem.builtIns.map(\.name).joined(separator: ", "))
  }
}

extension DataType {
  /// GenZ's name of the type.
  fileprivate var genZName: String {
    switch self {
    case .float32: "f32"
    case .float16, .bfloat16: "bf16"
    case .float8: "fp8"
    case .int8: "int8"
    case .int4: "int4"
    case .float4: "fp4"
    }
  }
}
