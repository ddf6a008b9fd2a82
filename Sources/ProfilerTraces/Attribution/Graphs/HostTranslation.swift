import TraceIO

/// Brings operators of other traces into one, each distinct one once.
struct HostTranslation {
  private struct Key: Hashable {
    var name: Int32
    var dims: Int32
    var types: Int32
    var strides: Int32
    var inputs: Int32

    /// Whether the table of texts had no place for one of them.
    var isIncomplete: Bool { min(name, dims, types, min(strides, inputs)) < -1 }
  }

  /// Stands for a text that found no place; no text has this number.
  static let full: Int32 = -2

  private var known: [Key: Int32] = [:]
  private var source = TraceEvents()
  private var texts: [Int32: Int32] = [:]
  private var hosts: [Int32: Int32] = [:]

  /// Continues with another trace.
  mutating func begin(_ source: TraceEvents) {
    self.source = source
    texts = [:]
    hosts = [:]
  }

  /// The number of a text in the other trace; -1 for none, ``full`` where its table is full.
  mutating func text(_ number: Int32, in events: inout TraceEvents) -> Int32 {
    guard number >= 0 else { return -1 }
    if let translated = texts[number] { return translated }
    let translated = events.texts.intern(source.texts[number]) ?? Self.full
    texts[number] = translated
    return translated
  }

  /// The number of an operator in the other trace, where equal operators share one; -1 for none.
  mutating func host(_ number: Int32, in events: inout TraceEvents) -> Int32 {
    guard number >= 0 else { return -1 }
    if let translated = hosts[number] { return translated }
    let translated = add(source.hosts[Int(number)], to: &events)
    hosts[number] = translated
    return translated
  }

  private mutating func add(_ original: TraceEvents.Host, to events: inout TraceEvents) -> Int32 {
    let key = Key(
      name: text(original.name, in: &events), dims: text(original.dims, in: &events),
      types: text(original.types, in: &events), strides: text(original.strides, in: &events),
      inputs: text(original.inputs, in: &events))
    if let translated = known[key] { return translated }
    guard !key.isIncomplete, events.hosts.count < Int(Int32.max) else { return -1 }
    let translated = Int32(events.hosts.count)
    events.hosts.append(
      TraceEvents.Host(
        start: original.start, duration: original.duration, correlation: TraceEvents.none,
        thread: -1, name: key.name, dims: key.dims, types: key.types, strides: key.strides,
        inputs: key.inputs, kind: .operator))
    known[key] = translated
    return translated
  }
}
