import CostModel
import Operators
public import Replay
public import Validation

/// What a fit needs of one replay of a log.
public struct LogReplay: Sendable {
  /// The latencies of each request, in log order; nil for those that did not finish.
  public var latencies: [RequestLatencies?]
  /// By how many nanoseconds each request's time to first token would grow for one more of each
  /// ``StepParameter``, in their order, if every step kept its batch: the steps in that time, their
  /// device time, sequences and tokens.
  public var untilFirstToken: [SIMD4<Double>]
  /// The same for the time from the first token to the last.
  public var afterFirstToken: [SIMD4<Double>]

  /// Creates an outcome.
  public init(
    latencies: [RequestLatencies?], untilFirstToken: [SIMD4<Double>],
    afterFirstToken: [SIMD4<Double>]
  ) {
    self.latencies = latencies
    self.untilFirstToken = untilFirstToken
    self.afterFirstToken = afterFirstToken
  }

  /// Adds up what each request waited for.
  ///
  /// - Parameters:
  ///   - result: a replay that recorded its steps, unmerged.
  ///   - ids: the requests' names, in log order.
  ///   - slopes: how a step's duration grows with each parameter.
  public init(
    _ result: ReplayResult, ids: [String], slopes: (StepRecord) -> SIMD4<Double>
  ) {
    var engines = [Course](repeating: Course(), count: result.engines.count)
    for step in result.steps where engines.indices.contains(Int(step.engine)) {
      engines[Int(step.engine)].append(step, slopes(step))
    }
    self.init(
      latencies: zip(result.outcomes, ids).map { RequestLatencies($0, id: $1) },
      untilFirstToken: [], afterFirstToken: [])
    for outcome in result.outcomes {
      guard outcome.status == .finished, engines.indices.contains(Int(outcome.engine)) else {
        untilFirstToken.append(.zero)
        afterFirstToken.append(.zero)
        continue
      }
      let course = engines[Int(outcome.engine)]
      let first = course.total(until: outcome.firstToken.rawValue)
      untilFirstToken.append(first - course.total(until: outcome.arrival.rawValue))
      afterFirstToken.append(course.total(until: outcome.lastToken.rawValue) - first)
    }
  }

  /// Running totals over an engine's steps.
  private struct Course {
    var starts: [Int64] = []
    var ends: [Int64] = []
    /// Before each step, and after the last.
    var totals: [SIMD4<Double>] = [.zero]

    mutating func append(_ step: StepRecord, _ slopes: SIMD4<Double>) {
      starts.append(step.start.rawValue)
      ends.append((step.start + step.duration).rawValue)
      totals.append(totals[totals.count - 1] + slopes)
    }

    /// The total at a time; a step that is under way counts in part.
    func total(until time: Int64) -> SIMD4<Double> {
      var (low, high) = (0, ends.count)
      while low < high {
        let middle = (low + high) / 2
        if ends[middle] <= time { low = middle + 1 } else { high = middle }
      }
      guard low < starts.count, starts[low] < time else { return totals[low] }
      let part = Double(time - starts[low]) / Double(ends[low] - starts[low])
      return totals[low] + part * (totals[low + 1] - totals[low])
    }
  }
}
