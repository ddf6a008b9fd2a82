import Operators
import TraceIO

/// Tells the transfer of a collective from the wait for other ranks, by comparing ranks.
///
/// A collective's kernel starts when its own rank arrives, and no rank's ends before the last one
/// has arrived and all data has moved. The last to arrive waits for nobody: of all kernels of one
/// call its is the shortest, and its duration is the transfer. (Where one rank only gives or only
/// gets, as in a broadcast, that holds up to what the library buffers.) Only durations are compared,
/// so that clocks that differ between ranks do no harm.
///
/// Calls belong together by process group, number within it and kind. Without numbers they do by
/// their order in the group, where all ranks made the same calls; else nothing is matched, because
/// a window that starts a call later would shift them all.
///
///     var traces = try paths.flatMap { path in try TraceReader.read(path: path) }
///     CollectiveMatching.separateWaiting(in: &traces)
public enum CollectiveMatching {
  /// Makes the samples of collectives those of the transfer alone, where all ranks of a call are
  /// among the traces (or among the devices of one), and counts the waiting in their coverage.
  ///
  /// Traces that give the same rank, or different numbers of ranks, are not of one run: each is
  /// taken alone. Traces that give no rank are numbered in their order. Traces without collectives
  /// stay as they are.
  ///
  /// - Complexity: O(*n* log *n*) in the number of calls.
  public static func separateWaiting(in traces: inout [ImportedTrace]) {
    let places = traces.indices.filter { !traces[$0].collectives.calls.isEmpty }
    guard places.count > 1 else { return }
    numberRanks(of: &traces, at: places)
    guard areOneRun(places.map { traces[$0] }) else { return }
    let matched = MatchedCalls(
      places.map { traces[$0].collectives }, keys: places.map { callKeys(traces[$0]) })
    // Imported alone, or with other ranks, the same bytes give other samples.
    let digests = places.flatMap { traces[$0].inputs.map(\.sha256) }.sorted().joined()
    for (place, transfers) in zip(places, matched.transfers) {
      apply(transfers, to: &traces[place])
      let arguments = traces[place].arguments
      traces[place].arguments =
        arguments + (arguments.isEmpty ? "" : " ") + "ranks=\(sha256(ofText: digests).prefix(16))"
    }
  }

  /// The same within one trace, which may hold several devices.
  static func separateWaiting(in trace: inout ImportedTrace) {
    guard !trace.collectives.calls.isEmpty else { return }
    let matched = MatchedCalls([trace.collectives], keys: [callKeys(trace)])
    apply(matched.transfers[0], to: &trace)
  }

  private static func numberRanks(of traces: inout [ImportedTrace], at places: [Int]) {
    guard places.allSatisfy({ traces[$0].facts["rank"] == nil }) else { return }
    for (rank, place) in places.enumerated() {
      traces[place].facts["rank"] = String(rank)
      if traces[place].facts["world_size"] == nil {
        traces[place].facts["world_size"] = String(places.count)
      }
    }
  }

  private static func areOneRun(_ traces: [ImportedTrace]) -> Bool {
    let ranks = traces.compactMap { $0.facts["rank"] }
    let sizes = Set(traces.compactMap { $0.facts["world_size"] })
    return ranks.count == traces.count && Set(ranks).count == ranks.count && sizes.count <= 1
  }

  /// What a call of each of a trace's groups is, for telling whether two ranks made the same.
  ///
  /// The ranks of an all-to-all may move different numbers of bytes.
  private static func callKeys(_ trace: ImportedTrace) -> [String] {
    trace.samples.map { sample in
      let kind = sample.operator.kind
      return kind == .allToAll || kind.isOpaque ? kind.rawValue : "\(kind) \(sample.point[0])"
    }
  }

  /// Makes samples of the given transfers, one a call; nil where it is not known.
  private static func apply(_ transfers: [Int64?], to trace: inout ImportedTrace) {
    let calls = trace.collectives.calls
    var times = [Int32: [Int64]]()
    for (call, transfer) in zip(calls, transfers) {
      if let transfer { times[call.group, default: []].append(transfer) }
    }
    var (own, both, wait) = (Tally(), Tally(), Tally())
    for (call, transfer) in zip(calls, transfers) {
      if let transfer {
        own.add(transfer)
        wait.nanoseconds = wait.nanoseconds.adding(call.duration - transfer)
      } else if times[call.group] != nil {
        wait.add(call.duration)
      } else {
        both.add(call.duration)
      }
    }
    trace.coverage.set(own, for: .collective)
    trace.coverage.set(both, for: .collectiveAndWait)
    trace.coverage.set(wait, for: .collectiveWait)
    for (group, durations) in times {
      guard let statistics = DurationStatistics(durations) else { continue }
      let mark = CollectiveDescription.waitingMark
      trace.samples[Int(group)].duration = statistics
      if trace.samples[Int(group)].label.hasSuffix(mark) {
        trace.samples[Int(group)].label.removeLast(mark.count)
      }
    }
    trace.facts["collective_time"] =
      own.count == 0 ? "waiting included" : both.count == 0 ? "transfer" : "partly transfer"
  }
}
