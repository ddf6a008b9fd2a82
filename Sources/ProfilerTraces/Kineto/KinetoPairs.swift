import TraceIO

/// Begins of events that wait for their ends, a stack a thread.
struct KinetoPairs {
  fileprivate var stacks: [TraceEvents.Thread: [KinetoEventParser.Fields]] = [:]
  /// The number of begins that wait.
  fileprivate(set) var count = 0
  /// How far down its stack an end looks for a begin of its name.
  private static let reach = 64

  /// The place in a stack of the latest begin with this name, or of the latest if it is -1.
  fileprivate func nearestBegin(
    in slot: Dictionary<TraceEvents.Thread, [KinetoEventParser.Fields]>.Index, named name: Int32
  ) -> Int? {
    let indices = stacks.values[slot].indices
    if name < 0 { return indices.last }
    return indices.suffix(Self.reach).last { stacks.values[slot][$0].name == name }
  }
}

/// Events whose begin and end are records of their own (phases `B` and `E`), as the format of Chrome
/// traces allows: an end closes the latest open begin of its process and thread.
extension KinetoEventParser {
  /// Keeps a begin, or joins an end to its begin and keeps the whole event.
  ///
  /// An end with a name closes the latest begin of that name; begins above it have no end.
  mutating func keepPart(_ fields: Fields) {
    let thread = TraceEvents.Thread(process: fields.process, thread: fields.thread)
    if fields.phase == UInt8(ascii: "B") {
      pairs.stacks[thread, default: []].append(fields)
      pairs.count += 1
      return
    }
    guard let slot = pairs.stacks.index(forKey: thread),
      let nearest = pairs.nearestBegin(in: slot, named: fields.name)
    else {
      if fields.category != .skipped { coverage.reject(.beginEndPair) }
      return
    }
    while pairs.stacks.values[slot].count > nearest + 1 {
      let begin = pairs.stacks.values[slot].removeLast()
      pairs.count -= 1
      rejectUnclosed(begin)
    }
    var whole = pairs.stacks.values[slot].removeLast()
    pairs.count -= 1
    whole.phase = UInt8(ascii: "X")
    if let start = whole.start, let end = fields.start {
      let (duration, overflow) = end.subtractingReportingOverflow(start)
      whole.duration = overflow ? nil : duration
    }
    if whole.category == .unknown { whole.category = fields.category }
    if whole.correlation == TraceEvents.none { whole.correlation = fields.correlation }
    if whole.dims < 0 {
      (whole.dims, whole.types) = (fields.dims, fields.types)
      (whole.strides, whole.inputs) = (fields.strides, fields.inputs)
    }
    keep(whole)
  }

  /// Counts the begins that no end has come for; for the end of the input.
  mutating func closePairs() {
    for stack in pairs.stacks.values {
      for begin in stack { rejectUnclosed(begin) }
    }
    pairs = KinetoPairs()
  }

  private mutating func rejectUnclosed(_ begin: Fields) {
    guard begin.category != .skipped, begin.category != .unknown else { return }
    coverage.reject(.beginEndPair)
  }
}
