import Analytical
import Operators
import Validation

/// Our estimates of the first model beside those of GenZ, the peer whose web pages ask the same questions.
struct PeerTable {
  private let caption: String
  private let table: TextTable

  init(_ subjects: ComparedSubjects) {
    let axes = subjects.axes
    let model = axes.models[0]
    var table = TextTable([
      .init("platform", .left), .init("TTFT ms"), .init("GenZ, 0.8"), .init("GenZ, 1"),
      .init("TPOT ms"), .init("GenZ, 0.8"), .init("GenZ, 1"),
    ])
    let devices = axes.devices.last { $0 <= 8 } ?? axes.devices[0]
    let useCase = subjects.useCases.first
    for platform in axes.platforms where devices <= platform.devices {
      guard let useCase, let system = GenZSystem.builtIn(of: platform.device),
        let steps = try? StepEstimator(
          model, Precision(.bfloat16), Parallelism(tensor: devices), on: platform),
        let ours = try? RequestEstimator(steps).estimate(useCase.workload(batch: 1)),
        ours.memory.fits
      else { continue }
      let theirs = [0.8, 1].map { Self.times(model, system, devices, useCase, efficiency: $0) }
      table.add(
        [
          platform.name, fixedText(ours.timeToFirstToken / 1e6, decimals: 1),
          theirs[0]?.first ?? "", theirs[1]?.first ?? "",
          fixedText(ours.timePerOutputToken / 1e6, decimals: 2),
          theirs[0]?.further ?? "", theirs[1]?.further ?? "",
        ])
    }
    self.table = table
    caption =
      "\(model.name) in bf16, TP \(devices), one request of "
      + "\(groupedText(useCase?.inputTokens ?? 0)) tokens in and "
      + "\(groupedText(useCase?.outputTokens ?? 0)) out: ours, and GenZ 0.0.16's arithmetic where "
      + "devices reach 0.8 of their peaks, as its pages begin with, or all."
  }

  /// GenZ's milliseconds to the first token and of each further; nil where it refuses.
  private static func times(
    _ model: ModelArchitecture, _ system: GenZSystem, _ devices: Int, _ useCase: UseCase,
    efficiency: Double
  ) -> (first: String, further: String)? {
    guard
      let estimator = try? GenZEstimator(
        model: GenZModel(model), system: system, tensorParallel: devices, efficiency: efficiency)
    else { return nil }
    let prefill = estimator.estimate(.prefill(batch: 1, inputTokens: useCase.inputTokens))
    let decode = estimator.estimate(
      .decode(
        batch: 1, inputTokens: useCase.inputTokens, outputTokens: useCase.outputTokens, beams: 1))
    guard max(prefill.requiredMemory, decode.requiredMemory) <= estimator.memoryCapacity else {
      return nil
    }
    return (
      fixedText(prefill.latency, decimals: 1), fixedText(decode.latency, decimals: 2)
    )
  }

  /// Adds the table, if GenZ has any of it, and why the two differ.
  func add(to html: inout HTML) {
    html.table(table, caption: caption)
    html.element(
      "p",
      text:
        "GenZ's web pages compare use cases, models and platforms, too. Its figures differ from "
        + "ours because it launches nothing, multiplies the embedding out, runs the head over all "
        + "prompt tokens, attends without a causal mask, reads as many experts as one token visits "
        + "whatever the batch, takes rates for fp8 or sparse matrices for some devices (Gaudi 3, "
        + "GB200), and decodes four beams of each request unless told otherwise (here one). Against "
        + "published latencies of one request at a time it is too short by 42 to 53 % on average at "
        + "efficiency 1, and errs by 16 to 33 % with an efficiency fitted to each platform; ours are too short "
        + "by 13 to 29 %. 'reprise estimate --compat genz' prints "
        + "its figures for any model that it can describe.")
  }
}
