public import Operators
public import TraceIO

/// What a reader made of one source: samples, where they come from, and what was left out.
public struct ImportedTrace: Sendable {
  /// The format that was read.
  public var format: TraceFormat
  /// The name to keep for the source: the path that the user gave.
  public var path = ""
  /// Which part of the input this is, where one table holds several devices or models, else empty.
  public var part = ""
  /// What the reading depended on besides the bytes, such as the model's name.
  public var arguments = ""
  /// The files that were read, with their digests.
  public var inputs: [InputSummary]
  /// The device's name as the source gives it, if it does.
  public var deviceName: String?
  /// The software that ran, as far as the source says.
  public var runtime = RuntimeDescription()
  /// Other facts by name, such as `cuda_runtime_version` or `licence`; a reader keeps a fixed list of
  /// names, since traces also hold private facts.
  public var facts: [String: String] = [:]
  /// The measured points.
  public var samples: [OperatorSample] = []
  /// The operators as the profiler names them, each with its kernels; parallel to ``samples``
  /// where the source has them, else empty.
  public var groups: [OperatorGroup] = []
  /// The engine steps that the source measured, in its order.
  public var measuredSteps: [MeasuredStep] = []
  /// The annotated steps of the engine, by start.
  public var steps: [StepAnnotation] = []
  /// The calls of collectives, one by one, for comparing ranks.
  var collectives = CollectiveCalls()
  /// What became of the records.
  public var coverage = Coverage()

  /// Creates the result of reading nothing.
  public init(format: TraceFormat, inputs: [InputSummary] = []) {
    self.format = format
    self.inputs = inputs
  }
}

extension ImportedTrace {
  /// Adds groups, each with its sample.
  mutating func add(_ results: [(group: OperatorGroup, sample: OperatorSample)]) {
    for result in results {
      groups.append(result.group)
      samples.append(result.sample)
    }
  }
}
