import Operators
public import Replay
public import Scenarios
public import TraceIO

/// `stages.csv` of a scenario: a row for each request and stage that was served, written as requests end.
///
/// The number is that of `requests.csv`; stages of one request follow each other in the pipeline's order.
/// Engines count from 0 in their pool; a look-up has none, and its cell is empty. Times are on the replay's
/// clock, in whole nanoseconds: what was before has ended (`ready_ns`), what the stage needs has come to its
/// engine (`arrived_ns`), its service begins and ends. Memory does not grow with the number of rows.
public final class StageRowsFile {
  static let columns = [
    "number", "stage", "pool", "engine", "ready_ns", "arrived_ns", "started_ns", "ended_ns",
  ]

  private var writer: RowWriter
  /// By pipeline and stage: the cells of both names.
  private let names: [[(stage: [UInt8], pool: [UInt8])]]
  /// The number in its pool of each engine, counted over all pools.
  private let numbers: [Int]

  /// Opens the file; it gets its name with ``commit()``.
  public init(path: String, _ scenario: Scenario) throws(OutputError) {
    names = scenario.pipelines.map { pipeline in
      pipeline.stages.map { (nameCell($0.name), nameCell($0.pool)) }
    }
    numbers = scenario.pools.flatMap { pool in
      // Stores are no engines: they are not counted.
      if case .store = pool.service { return Array(0..<0) }
      return Array(0..<max(0, pool.count))
    }
    writer = try RowWriter(path: path, columns: Self.columns)
  }

  /// Why nothing more is written; nil while all is well. ``commit()`` throws it.
  public var error: OutputError? { writer.error }

  /// Adds the rows of a request.
  public func add(_ outcome: JourneyOutcome) {
    for stage in outcome.stages {
      guard names.indices.contains(outcome.pipeline),
        names[outcome.pipeline].indices.contains(stage.stage)
      else { continue }
      let name = names[outcome.pipeline][stage.stage]
      writer.add(outcome.number)
      writer.add(name.stage)
      writer.add(name.pool)
      writer.add(
        numbers.indices.contains(stage.engine) ? Int64(numbers[stage.engine]) : Int64?.none)
      writer.add(stage.ready.rawValue)
      writer.add(stage.arrived.rawValue)
      writer.add(stage.started.rawValue)
      writer.add(stage.ended.rawValue)
      writer.endRow()
    }
  }

  /// Ends the file and gives it its name.
  public func commit() throws(OutputError) { try writer.commit() }
}
