public import Operators

/// How a log becomes a load: which of its requests are sent, how fast, and who waits for whom.
///
///     var options = WorkloadOptions()
///     options.speed = 2
///     let workload = options.workload(of: log.records)
///
/// The parts are applied in this order: ``window``, ``keptShare``, ``spreadsTies``, ``speed``. The same
/// options make the same load of the same log, everywhere.
public struct WorkloadOptions: Sendable, Hashable {
  /// What arrivals and recorded pauses are divided by: 2 sends twice as fast. Lengths stay. 1 by default.
  public var speed: Double = 1
  /// Only requests that arrive in this part of the log, counted from its first arrival; its beginning
  /// becomes the origin of the clock. Nil, the default, keeps all.
  public var window: Range<Nanoseconds>?
  /// Each session is kept with this probability, all of its turns together, and those of sessions that it
  /// called; a request without a session is one by itself. 1, the default, keeps all.
  public var keptShare: Double = 1
  /// Whether requests that share a stamp are spread evenly over the clock's step; off by default.
  public var spreadsTies = false
  /// Requests that arrive before this time of the replay are simulated, but in no statistics.
  public var warmUp = Nanoseconds.zero
  /// What decides which sessions ``keptShare`` keeps.
  public var seed: UInt64 = 0
  /// This many clients, each of which sends the log's next session when its last has ended, whatever the
  /// recorded arrivals. Nil, the default, sends at the recorded times.
  public var clients: Int?
  /// The pause before a turn, where the log does not tell, and before each session of a client.
  public var thinkTime = Nanoseconds.zero
  /// Clients give up this long after sending. Nil, the default, only where the log says so.
  public var deadline: Nanoseconds?

  /// The log as it is.
  public init() {}

  /// Whether the load is another one than the log's, so that what the log measured is of no use to
  /// judge a replay by.
  public var changesLoad: Bool {
    // What arrived before a window's begin would still be running in it.
    speed != 1 || keptShare < 1 || spreadsTies || clients != nil || deadline != nil
      || (window?.lowerBound ?? .zero) > .zero
  }

  /// Whether requests of the load differ from those of the log in more than their number.
  public var changesRecords: Bool {
    speed != 1 || spreadsTies || window != nil || deadline != nil
  }

  /// Makes the load of these requests, in log order.
  ///
  /// - Complexity: O(n log n).
  public func workload(of records: [RequestRecord]) -> ReplayWorkload {
    guard !spreadsTies || Set(records.map(\.arrival)).count < records.count else {
      var options = self
      options.spreadsTies = false
      return options.workload(of: records)
    }
    let quantum = spreadsTies ? Self.clockStep(of: records) : nil
    let (rows, origin) = selection(of: records)
    var kept = rows.map { records[$0] }
    let turns = SessionTurns(kept, thinkTime: thinkTime, speed: speed)
    if let quantum { Self.spreadTies(&kept, over: quantum) }
    for index in kept.indices {
      kept[index].arrival = (kept[index].arrival - origin).divided(by: speed)
      if changesLoad { kept[index].measured = nil }
      if let deadline {
        kept[index].cancelled = min(deadline, kept[index].cancelled ?? deadline)
      }
    }
    return ReplayWorkload(
      options: self, records: kept, rows: rows, turns: turns, logCount: records.count,
      tieQuantum: quantum)
  }

  /// The positions of the requests that are kept, and the instant that becomes zero.
  private func selection(of records: [RequestRecord]) -> (rows: [Int], origin: Nanoseconds) {
    let first = records.lazy.map(\.arrival).min() ?? .zero
    let parents = keptShare < 1 ? Self.parents(of: records) : [:]
    let rows = records.indices.filter { row in
      (window?.contains(records[row].arrival - first) ?? true)
        && keeps(records[row], row: row, parents)
    }
    return (rows, window.map { first + $0.lowerBound } ?? .zero)
  }

  /// Which session called which.
  private static func parents(of records: [RequestRecord]) -> [String: String] {
    var parents: [String: String] = [:]
    for record in records {
      if let session = record.session, let parent = record.parentSession {
        parents[session] = parent
      }
    }
    return parents
  }

  /// Whether thinning keeps a request: a hash of the name of its session, or of the one that called that in
  /// the first place; without a session, of its place in the log.
  private func keeps(_ record: RequestRecord, row: Int, _ parents: [String: String]) -> Bool {
    guard keptShare < 1 else { return true }
    // The finaliser of SplitMix64 makes the upper bits uniform.
    var hash: UInt64
    if var session = record.session {
      // Names that call each other in a circle end somewhere, too.
      var steps = 0
      while steps < 64, let parent = parents[session] {
        session = parent
        steps += 1
      }
      hash = nameHash(session)
    } else {
      hash = nameHash("") ^ UInt64(truncatingIfNeeded: row) &* 0x9e37_79b9_7f4a_7c15
    }
    hash = SplitMix64.mixed(hash, seed)
    return Double(hash >> 11) * 0x1p-53 < keptShare
  }
}

/// Ties: what a coarse clock did to arrivals.
extension WorkloadOptions {
  /// The step of the log's clock: a tenth of the distances between its stamps are at most this. Nil where
  /// there is one stamp or none.
  ///
  /// Not the smallest: stamps of Mooncake's logs lie 2.997 to 3.003 s apart, and one odd stamp among many
  /// must not hide the rest.
  static func clockStep(of records: [RequestRecord]) -> Nanoseconds? {
    let stamps = records.map(\.arrival).sorted()
    let distances = zip(stamps, stamps.dropFirst()).map { $1 - $0 }.filter { $0 > .zero }.sorted()
    return distances.isEmpty ? nil : distances[(distances.count - 1) / 10]
  }

  /// Spreads requests that share a stamp, in log order, from the stamp on; never up to the next stamp.
  static func spreadTies(_ records: inout [RequestRecord], over quantum: Nanoseconds) {
    let order = records.indices.sorted { (records[$0].arrival, $0) < (records[$1].arrival, $1) }
    var start = 0
    while start < order.count {
      let stamp = records[order[start]].arrival
      var end = start + 1
      while end < order.count, records[order[end]].arrival == stamp { end += 1 }
      let free = end < order.count ? records[order[end]].arrival - stamp : quantum
      let share = Double(min(quantum, free).rawValue) / Double(end - start)
      for (place, row) in order[start..<end].enumerated() {
        records[row].arrival = stamp + Nanoseconds(Int64(share * Double(place)))
      }
      start = end
    }
  }
}

/// A load: the requests of a log that are sent, when, and who waits for whom.
public struct ReplayWorkload: Sendable, Hashable {
  /// What made it.
  public var options: WorkloadOptions
  /// The requests in log order, with their arrivals on the replay's clock; without what the log measured
  /// of another load.
  public var records: [RequestRecord]
  /// Their positions in the log.
  public var rows: [Int]
  /// Who waits for whom; nil where nobody does.
  public var turns: SessionTurns?
  /// Requests of the log.
  public var logCount: Int
  /// Over which time ties were spread, if they were.
  public var tieQuantum: Nanoseconds?

  /// Requests a second between the first and the last arrival; nil where that is no time, or clients
  /// decide.
  public var requestsPerSecond: Double? {
    guard options.clients == nil, let first = records.lazy.map(\.arrival).min(),
      let last = records.lazy.map(\.arrival).max(), last > first
    else { return nil }
    return Double(records.count) / (last - first).seconds
  }

  /// ``records`` with the pause before each turn of a session as its think time, at the load's speed: the one
  /// that the log tells or the recorded gap, as ``turns`` has it. For whoever sends turns without ``turns``.
  public var recordsWithPauses: [RequestRecord] {
    guard let turns else { return records }
    var paused = records
    for index in paused.indices where paused[index].session != nil {
      paused[index].thinkTime =
        turns.predecessors[index] >= 0
        ? turns.thinkTimes[index] : paused[index].thinkTime?.divided(by: options.speed)
    }
    return paused
  }
}
