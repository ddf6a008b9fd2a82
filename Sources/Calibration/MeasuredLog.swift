public import CostModel
import Operators
public import Replay
public import RequestLogs
public import Scenarios
public import Validation

/// A log with measured latencies on a deployment: which requests fit and which judge, and replays of it.
///
/// Requests are split by arrival: the first stretch is fitted, the rest judges. Every replay is of the
/// whole log, because the queue that judged requests meet is part of their latency; arrivals and
/// lengths of all are its load, measured latencies of judged requests are never looked at by the fit.
public struct MeasuredLog<Pricing: StepPricing>: Sendable {
  /// Log positions of the measured requests that are fitted, by arrival.
  public let fitted: [Int]
  /// Log positions of the measured requests that judge, by arrival.
  public let judged: [Int]
  private let measured: [RequestLatencies?]
  private let ids: [String]
  private let table: RequestTable
  private let deployment: Deployment
  private let pricing: Pricing

  /// Splits a log.
  ///
  /// - Parameters:
  ///   - records: the requests, in log order.
  ///   - table: the same requests with their content.
  ///   - deployment: one group of engines, its number of key-value blocks known.
  ///   - pricing: what a step's kernels cost, without calibration.
  ///   - fitCount: how many measured requests to fit; half of them if nil.
  /// - Throws: ``CalibrationError/nothingMeasured`` for a log without measured latencies,
  ///   ``CalibrationError/nothingToJudge(measured:)`` if none is left to judge.
  public init(
    _ records: [RequestRecord], _ table: RequestTable, on deployment: Deployment,
    pricing: Pricing, fitCount: Int? = nil
  ) throws(CalibrationError) {
    measured = records.map { RequestLatencies($0) }
    ids = records.map(\.id)
    let measured = measured
    let order = records.indices.filter { measured[$0] != nil }.sorted {
      (records[$0].arrival, $0) < (records[$1].arrival, $1)
    }
    guard !order.isEmpty else { throw .nothingMeasured }
    let count = max(0, fitCount ?? order.count / 2)
    guard count < order.count else { throw .nothingToJudge(measured: order.count) }
    fitted = Array(order[..<count])
    judged = Array(order[count...])
    self.table = table
    self.deployment = deployment
    self.pricing = pricing
  }

  /// Fits the first stretch.
  ///
  /// - Throws: as ``LogCalibration/init(_:order:mayHideHost:replay:)`` does.
  public func calibration() throws -> LogCalibration {
    try LogCalibration(
      onlyLatencies(of: fitted), order: fitted,
      mayHideHost: deployment.engines.contains { $0.asyncScheduling }, replay: replay)
  }

  /// Holds a replay against the judged requests alone.
  ///
  /// - Throws: ``ReplayError`` if the deployment cannot run.
  public func judgement(of parameters: StepParameters) throws -> Validation {
    try Validation(
      measured: onlyLatencies(of: judged), replayed: replay(parameters).latencies, pairing: .order)
  }

  /// Replays the whole log.
  ///
  /// - Throws: ``ReplayError`` if the deployment cannot run.
  public func replay(_ parameters: StepParameters) throws -> LogReplay {
    var options = ReplayOptions()
    options.recordsSteps = true
    options.mergesSteps = false
    let result = try Simulation(
      deployment: deployment,
      pricings: deployment.engines.map { _ in ParameterizedSteps(pricing, parameters) },
      options: options
    ).run(table)
    return LogReplay(result, ids: ids) { step in
      let device = pricing.price(step.shape).deviceTime.sum()
      let isBound =
        parameters.hidesHost && parameters.hostTime(step.shape) <= parameters.deviceScale * device
      let host = SIMD4(
        0, 1, Double(step.shape.prefillSequences + step.shape.decodeSequences),
        Double(step.shape.tokens))
      let scale = SIMD4(device, 0, 0, 0)
      return parameters.hidesHost ? (isBound ? scale : host) : scale + host
    }
  }

  private func onlyLatencies(of requests: [Int]) -> [RequestLatencies?] {
    var kept = [RequestLatencies?](repeating: nil, count: measured.count)
    for request in requests { kept[request] = measured[request] }
    return kept
  }
}
