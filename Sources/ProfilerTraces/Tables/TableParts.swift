import TraceIO

/// The traces of one table that holds several devices, models or runtimes, in the order in which
/// they first occur.
struct TableParts {
  private var traces: [ImportedTrace] = []
  private var indices: [String: Int] = [:]
  /// What became of rows that belong to no part.
  private var rest = Coverage()

  /// The most parts; more are not a table of measurements.
  private static let mostParts = 1024

  /// Counts a row that belongs to no part.
  mutating func reject(_ reason: RejectionReason) {
    rest.recordsRead += 1
    rest.reject(reason)
  }

  /// Changes the part of this name, which `make` starts where it is new.
  ///
  /// A part beyond the limit is counted and left alone.
  mutating func change(
    _ name: String, new make: () -> ImportedTrace, _ body: (inout ImportedTrace) -> Void
  ) {
    if let index = indices[name] { return body(&traces[index]) }
    guard traces.count < Self.mostParts else { return reject(.tooManyNames) }
    indices[name] = traces.count
    var trace = make()
    trace.part = name
    body(&trace)
    traces.append(trace)
  }

  /// The parts that hold anything, if enough of all rows were good.
  ///
  /// What became of the other rows is told with the first of them.
  consuming func finish(
    path: String, _ input: InputSummary, _ options: ImportOptions
  ) throws(ProfilerTraceError) -> [ImportedTrace] {
    var whole = rest
    for trace in traces { whole.add(trace.coverage) }
    try options.check(whole, path: path)
    var kept = traces.filter { !$0.samples.isEmpty || !$0.measuredSteps.isEmpty }
    guard !kept.isEmpty else { throw .noEvents(path: path) }
    for trace in traces where trace.samples.isEmpty && trace.measuredSteps.isEmpty {
      rest.add(trace.coverage)
    }
    kept[0].coverage.add(rest)
    for index in kept.indices {
      kept[index].inputs = [input]
      if kept.count == 1 { kept[index].part = "" }
    }
    return kept
  }
}
