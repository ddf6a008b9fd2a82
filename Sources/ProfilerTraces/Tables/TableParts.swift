import Operators
import TraceIO

/// The traces of one table that holds several devices, models or runtimes, in the order in which
/// they first occur.
struct TableParts {
  private var traces: [ImportedTrace] = []
  private var indices: [[String]: Int] = [:]
  /// What became of rows that belong to no part.
  private var rest = Coverage()
  /// How many records the parts hold.
  private var records = 0
  private let options: ImportOptions

  /// The most parts; more are not a table of measurements.
  private static let mostParts = 1024

  /// Starts a table.
  init(_ options: ImportOptions) { self.options = options }

  /// Whether there is room for another row; reading ends where there is none.
  var hasRoom: Bool { records < options.maximumEvents }

  /// Counts a row that belongs to no part.
  mutating func reject(_ reason: RejectionReason) {
    rest.recordsRead += 1
    rest.reject(reason)
  }

  /// Changes the part of these names, which `make` starts where it is new.
  ///
  /// The names are joined for the part's own, and numbered where others read the same.
  /// A part beyond the limit is counted and left alone.
  mutating func change(
    _ names: [String], new make: () -> ImportedTrace, _ body: (inout ImportedTrace) -> Void
  ) {
    let index = indices[names] ?? traces.count
    if index == traces.count {
      guard index < Self.mostParts else { return reject(.tooManyNames) }
      indices[names] = index
      let name = names.filter { !$0.isEmpty }.joined(separator: " ")
      let alike = indices.keys.count { $0.filter { !$0.isEmpty }.joined(separator: " ") == name }
      traces.append(make())
      traces[index].part = alike > 1 ? "\(name) (\(alike))" : name
    }
    let before = traces[index].coverage.recordsRead
    body(&traces[index])
    records += traces[index].coverage.recordsRead - before
  }

  /// The parts that hold anything, if enough of all rows were good.
  ///
  /// What became of the other rows is told with the first of them.
  consuming func finish(
    path: String, _ input: InputSummary
  ) throws(ProfilerTraceError) -> [ImportedTrace] {
    guard hasRoom else { throw .tooManyEvents(path: path, limit: options.maximumEvents) }
    var whole = rest
    for trace in traces { whole.add(trace.coverage) }
    try options.check(whole, path: path)
    var kept = traces.filter { !$0.samples.isEmpty || !$0.measuredSteps.isEmpty }
    guard !kept.isEmpty else { throw .nothing(in: whole, path: path) }
    for trace in traces where trace.samples.isEmpty && trace.measuredSteps.isEmpty {
      rest.add(trace.coverage)
    }
    kept[0].coverage.add(rest)
    for index in kept.indices {
      kept[index].add(input)
      if kept.count == 1 { kept[index].part = "" }
    }
    return kept
  }
}
