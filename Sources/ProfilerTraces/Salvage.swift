import TraceIO

/// What is sound before damage is imported, unless the options are strict.
extension ImportOptions {
  /// Whether a reader that holds records keeps them after this error.
  func salvages(_ error: TraceIOError, holdingRecords: Bool) -> Bool {
    !isStrict && holdingRecords && error.leavesStart
  }
}

extension CSVReader {
  /// Opens a table, of which what comes before damage is read unless the options are strict.
  init(path: String, options: ImportOptions) throws(TraceIOError) {
    try self.init(ByteSource(path: path, limits: options.inputLimits))
    salvages = !options.isStrict
    needsLineEnds = true
  }
}

extension JSONLineReader {
  /// Opens records, of which those before damage are read unless the options are strict.
  init(path: String, options: ImportOptions) throws(TraceIOError) {
    try self.init(ByteSource(path: path, limits: options.inputLimits))
    salvages = !options.isStrict
  }
}

extension ImportedTrace {
  /// Notes a file that was read, and where it is damaged.
  mutating func add(_ input: InputSummary) {
    inputs.append(input)
    coverage.salvagedAt = coverage.salvagedAt ?? input.damagedAt
  }
}
