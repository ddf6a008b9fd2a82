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
        "ends early or is damaged from byte \(end) of its text on: \(coverage.recordsRead) records "
          + "before it were read; --strict refuses such files")
    }
    if let end = coverage.trailingTextAt {
      lines.append(
        "more follows the end of the trace at byte \(end) of its text, and was not read; --strict "
          + "refuses such files")
    }
    let waiting = coverage[.collectiveAndWait]
    if waiting.count > 0 {
      lines.append(
        "the time of \(waiting.count) collectives includes the wait for other ranks; import the "
          + "traces of all ranks in one call to have it told apart")
    }
    return lines
  }
}
