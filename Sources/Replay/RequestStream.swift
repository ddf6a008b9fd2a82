import RequestLogs

/// Requests that come while the replay goes on, and outcomes that leave it: memory for those in flight.
@usableFromInline
struct RequestStream {
  /// The next request, no earlier than the one before it; nil at the end.
  let next: () -> RequestRecord?
  /// Gets each outcome, in the order of requests.
  let collect: (RequestOutcome) -> Void

  /// How many requests are read at a time.
  static let batch = 1024
}

extension RequestTable {
  /// Lets rows go that are done, and reads further ones; false if there are none.
  ///
  /// Rows leave in order, when they are half of all here, so that each is moved a few times at most: memory
  /// is bounded by the requests that arrive in the life of one.
  mutating func refill(from stream: RequestStream, _ result: inout ReplayResult) -> Bool {
    let done = result.outcomes.firstIndex { $0.status == .unfinished } ?? result.outcomes.count
    if done > 0, 2 * done >= count {
      for outcome in result.outcomes[..<done] { stream.collect(outcome) }
      result.outcomes.removeFirst(done)
      dropFirst(done)
      result.firstRow = firstRow
    }
    var read = 0
    while read < RequestStream.batch, endRow < Int(Int32.max), let record = stream.next() {
      self.stream(record)
      read += 1
    }
    result.addOutcomes(of: self)
    return read > 0
  }
}
