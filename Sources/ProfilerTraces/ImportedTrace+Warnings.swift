import Operators
import TraceIO

extension ImportedTrace {
  /// What a person should know before trusting the result, one line each: where the source is
  /// damaged, and what was done about it.
  public var warnings: [String] {
    var lines: [String] = []
    let damaged = coverage.rejected(.syntax)
    if damaged > 0, !coverage.damagedAt.isEmpty {
      let places = coverage.damagedAt.map(String.init).joined(separator: ", ")
      let more = damaged > coverage.damagedAt.count ? " and others" : ""
      lines.append(
        "damaged at byte \(places)\(more) of its text: \(damaged) "
          + (damaged == 1 ? "event was" : "events were")
          + " skipped, all others imported; --strict refuses such files")
    }
    if let end = coverage.salvagedAt {
      lines.append(
        "ends early or is damaged from byte \(end) of its text on: \(counted(coverage.recordsRead, "record")) "
          + "before it were read; --strict refuses such files")
    }
    if let end = coverage.trailingTextAt {
      lines.append(
        "more follows the end of the trace at byte \(end) of its text, and was not read; --strict "
          + "refuses such files")
    }
    // JSON ends by itself; a table's last number may be half of one.
    if [.mapped, .ncclTests, .nsightCompute].contains(format), coverage.salvagedAt == nil,
      inputs.contains(where: { !$0.lastLineHasEnd })
    {
      lines.append("the last line has no end; if the file was cut there, its numbers are wrong")
    }
    let waiting = coverage[.collectiveAndWait]
    if waiting.count > 0 {
      lines.append(
        "the time of \(waiting.count) collectives includes the wait for other ranks; import the "
          + "traces of all ranks in one call to have it told apart")
    }
    let unsized = unsizedCollectives
    if unsized.count > 0 {
      lines.append(
        "\(counted(unsized.count, "kernel")) of collectives (\(unsized.nanoseconds / 1_000_000) ms) \(noun(of: unsized.count, "does", "do")) not tell "
          + "their sizes: they count as kernels of the operator that launched them, and their time "
          + "includes the wait for other ranks")
    }
    return lines
  }

  /// The kernels that are collectives by their names, in samples of other operators.
  private var unsizedCollectives: Tally {
    var tally = Tally()
    for (group, sample) in zip(groups, samples) where sample.operator.attributes["ranks"] == nil {
      for kernel in group.kernels where kernel.identity.class == .collective {
        tally.count += kernel.count
        tally.nanoseconds = tally.nanoseconds.adding(kernel.total)
      }
    }
    return tally
  }
}
