/// Finds the calls of collectives that belong together, over several ranks.
struct MatchedCalls {
  /// One rank's part in a call.
  private struct Part {
    var channel: Int32
    /// The rank: a trace and a device of it.
    var participant: Int32
    /// The number within the channel: the profiler's, or the place in the order.
    var number: Int64
    /// What the call is, as a number of equal texts.
    var what: Int32
    /// Which of several calls with all of the above.
    var occurrence: Int32 = 0
    var ranks: Int32
    var trace: Int32
    var call: Int32
    var duration: Int64
  }

  /// For each trace and each of its calls the time of the transfer; nil where not all ranks of the
  /// call are there.
  private(set) var transfers: [[Int64?]]

  /// - Parameters:
  ///   - traces: the calls of each trace.
  ///   - keys: for each trace, what the calls of each group are.
  init(_ traces: [CollectiveCalls], keys: [[String]]) {
    transfers = traces.map { [Int64?](repeating: nil, count: $0.calls.count) }
    var parts = Self.parts(traces, keys)
    var start = 0
    while start < parts.count {
      var end = start + 1
      while end < parts.count, parts[end].channel == parts[start].channel { end += 1 }
      if Self.number(&parts[start..<end]) { match(parts[start..<end]) }
      start = end
    }
  }

  /// All parts by channel, participant and time.
  private static func parts(_ traces: [CollectiveCalls], _ keys: [[String]]) -> [Part] {
    var parts: [Part] = []
    parts.reserveCapacity(traces.reduce(0) { $0 + $1.calls.count })
    var channels = Numbering<CollectiveCalls.Channel>()
    var (texts, whats) = (Numbering<String>(), Numbering<String>())
    var firstParticipant: Int32 = 0
    for (trace, calls) in traces.enumerated() {
      let textNumbers = calls.texts.map { texts.number(of: $0) }
      let channelNumbers = calls.channels.map { channel in
        var channel = channel
        if channel.name >= 0 { channel.name = textNumbers[Int(channel.name)] }
        if channel.ranks >= 0 { channel.ranks = textNumbers[Int(channel.ranks)] }
        return channels.number(of: channel)
      }
      let whatNumbers = keys[trace].map { whats.number(of: $0) }
      let order = calls.calls.indices.sorted {
        (calls.calls[$0].start, $0) < (calls.calls[$1].start, $1)
      }
      for index in order {
        let call = calls.calls[index]
        parts.append(
          Part(
            channel: channelNumbers[Int(call.channel)],
            participant: firstParticipant + call.device, number: call.sequence,
            what: whatNumbers[Int(call.group)], ranks: call.ranks, trace: Int32(trace),
            call: Int32(index), duration: call.duration))
      }
      firstParticipant += Int32(calls.deviceCount)
    }
    let order = parts.indices.sorted {
      (parts[$0].channel, parts[$0].participant, $0) < (
        parts[$1].channel, parts[$1].participant, $1
      )
    }
    return order.map { parts[$0] }
  }

  /// Numbers the calls of one channel.
  ///
  /// - Returns: Whether numbers tell which calls belong together.
  private static func number(_ parts: inout ArraySlice<Part>) -> Bool {
    let numbered = parts.count { $0.number >= 0 }
    if numbered == parts.count {
      countOccurrences(&parts)
      return true
    }
    guard numbered == 0, let first = parts.first else { return false }
    let count = parts.count { $0.participant == first.participant }
    guard parts.count % count == 0 else { return false }
    for index in parts.indices {
      let place = (index - parts.startIndex) % count
      let model = parts[parts.startIndex + place]
      let isFirst = place == 0
      let previous = index > parts.startIndex ? parts[index - 1].participant : -1
      // Each rank must have as many calls as the first, and the same ones.
      guard isFirst == (parts[index].participant != previous), parts[index].what == model.what
      else {
        return false
      }
      parts[index].number = Int64(place)
    }
    return true
  }

  /// Numbers calls that a participant has several of with one number, in their order.
  private static func countOccurrences(_ parts: inout ArraySlice<Part>) {
    struct Key: Hashable {
      var participant: Int32
      var number: Int64
      var what: Int32
    }
    var seen: [Key: Int32] = [:]
    for index in parts.indices {
      let part = parts[index]
      let key = Key(participant: part.participant, number: part.number, what: part.what)
      parts[index].occurrence = seen[key, default: 0]
      seen[key, default: 0] += 1
    }
  }

  private mutating func match(_ parts: ArraySlice<Part>) {
    let sorted = parts.sorted {
      ($0.number, $0.what, $0.occurrence, $0.participant)
        < ($1.number, $1.what, $1.occurrence, $1.participant)
    }
    var start = 0
    while start < sorted.count {
      let first = sorted[start]
      var end = start + 1
      var shortest = first.duration
      var agree = true
      while end < sorted.count, sorted[end].number == first.number, sorted[end].what == first.what,
        sorted[end].occurrence == first.occurrence
      {
        shortest = min(shortest, sorted[end].duration)
        agree = agree && sorted[end].ranks == first.ranks
        end += 1
      }
      if agree, end - start == Int(first.ranks) {
        for part in sorted[start..<end] {
          transfers[Int(part.trace)][Int(part.call)] = shortest
        }
      }
      start = end
    }
  }
}

/// Numbers for values, in the order of their first use.
private struct Numbering<Value: Hashable> {
  private var numbers: [Value: Int32] = [:]

  mutating func number(of value: Value) -> Int32 {
    let number = numbers[value] ?? Int32(numbers.count)
    numbers[value] = number
    return number
  }
}
