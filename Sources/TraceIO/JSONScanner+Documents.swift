/// Documents that follow each other in one stream, as tools append them to a file.
extension JSONScanner {
  /// Begins the next document, once one has ended with its last bracket.
  ///
  /// - Returns: Whether there is one; false also within a document.
  public mutating func nextDocument() throws(TraceIOError) -> Bool {
    guard expectation == .end, try peek() != 0 else { return false }
    expectation = .value
    return true
  }
}
