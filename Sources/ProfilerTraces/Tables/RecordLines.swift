import TraceIO

extension ImportedTrace {
  /// Calls `body` on the scanner of each record of a file with one a line, and counts the reasons
  /// that it returns.
  mutating func readRecords(
    path: String, options: ImportOptions,
    _ body: (inout JSONScanner, inout ImportedTrace) throws(TraceIOError) -> RejectionReason?
  ) throws(ProfilerTraceError) {
    do throws(TraceIOError) {
      var records = try JSONLineReader(path: path, options: options)
      while try records.next() {
        coverage.recordsRead += 1
        do throws(TraceIOError) {
          if let reason = try body(&records.scanner, &self) {
            coverage.reject(reason)
          } else {
            coverage.recordsUsed += 1
          }
        } catch {
          guard !options.isStrict else { throw error }
          coverage.reject(.syntax)
          coverage.noteDamage(at: records.lineOffset)
        }
      }
      add(try records.finish())
    } catch {
      throw .input(error)
    }
    try options.check(coverage, path: path)
  }
}
