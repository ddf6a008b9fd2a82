import Operators
public import RequestLogs
import Validation

extension ReplayWorkload {
  /// What was made of the log, in a line; nil if nothing was.
  public var text: String? {
    var parts: [String] = []
    if options.speed != 1 { parts.append("speed \(plain(options.speed))x") }
    if let window = options.window {
      let end =
        window.upperBound == Nanoseconds(.max) ? "the end" : plain(window.upperBound.seconds)
      parts.append("from \(plain(window.lowerBound.seconds)) to \(end) s")
    }
    if options.keptShare < 1 {
      parts.append("thinned to \(plain(options.keptShare)) by session (seed \(options.seed))")
    }
    if let tieQuantum { parts.append("ties spread over \(plain(tieQuantum.seconds)) s") }
    if let clients = options.clients {
      parts.append("\(groupedCount(clients, "client")) in a closed loop")
    }
    if turns != nil || options.clients != nil {
      parts.append("think time \(plain(options.thinkTime.seconds)) s where the log has none")
    }
    if let deadline = options.deadline {
      parts.append("clients give up after \(plain(deadline.seconds)) s")
    }
    if options.warmUp > .zero { parts.append("warm-up \(plain(options.warmUp.seconds)) s") }
    guard !parts.isEmpty else { return nil }
    let rate = requestsPerSecond.map { ", \(fixedText($0, decimals: 2))/s" } ?? ""
    return "workload: " + parts.joined(separator: ", ")
      + ": \(groupedText(records.count)) of \(groupedText(logCount)) requests" + rate
  }

  /// The same for `result.json`.
  public var echo: [String: ResultValue] {
    var echo: [String: ResultValue] = [
      "speed": .number(options.speed), "thin": .number(options.keptShare),
      "spread_ties": .flag(options.spreadsTies), "changes_load": .flag(options.changesLoad),
      "warm_up_ns": nanoseconds(options.warmUp),
      // All 64 bits of it, which a number of JSON need not have.
      "seed": .text(String(options.seed)), "think_ns": nanoseconds(options.thinkTime),
      "requests": .integer(records.count), "log_requests": .integer(logCount),
      "turns": .integer(turns?.predecessors.count { $0 >= 0 } ?? 0),
    ]
    if let window = options.window {
      echo["window_ns"] = .list(
        [nanoseconds(window.lowerBound)]
          + (window.upperBound == Nanoseconds(.max) ? [] : [nanoseconds(window.upperBound)]))
    }
    if let tieQuantum { echo["tie_quantum_ns"] = nanoseconds(tieQuantum) }
    if let clients = options.clients { echo["clients"] = .integer(clients) }
    if let deadline = options.deadline { echo["deadline_ns"] = nanoseconds(deadline) }
    if let requestsPerSecond { echo["requests_per_second"] = .number(requestsPerSecond) }
    return echo
  }

  private func nanoseconds(_ time: Nanoseconds) -> ResultValue { .integer(Int(time.rawValue)) }

  private func plain(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : String(number)
  }
}
