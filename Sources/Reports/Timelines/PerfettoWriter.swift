import Operators
import TraceIO

/// Writes Perfetto's trace format: packets of track events in Protocol Buffers.
///
/// Every text that comes more than once is written once and then named by a number (interned); packets are
/// compressed together in blocks, as Perfetto's own recorder does, so that neither memory nor file grow with
/// repetition. All packets are of one sequence. Times are absolute, in nanoseconds, and packets in no order of
/// time: whoever reads a trace sorts it. Field numbers are those of `protos/perfetto/trace` in
/// github.com/google/perfetto, whose documentation promises to keep those of track events.
struct PerfettoWriter: ~Copyable, TimelineWriter {
  /// Fields of `TracePacket`.
  private enum Packet {
    static let timestamp = 8
    static let sequence = 10
    static let event = 11
    static let interned = 12
    static let flags = 13
    static let compressed = 50
    static let descriptor = 60
    static let isFirst = 87
  }

  /// Fields of `TrackEvent`.
  private enum Event {
    static let categories = 3
    static let annotations = 4
    static let type = 9
    static let nameNumber = 10
    static let track = 11
    static let name = 23
    static let counterValue = 30
    static let flows = 47
    static let endingFlows = 48
  }

  /// Fields of `TrackDescriptor`.
  private enum Descriptor {
    static let track = 1
    static let name = 2
    static let process = 3
    static let parent = 5
    static let counter = 8
    static let childOrder = 11
    static let rank = 12
    static let description = 14
    static let processOrder = 19
  }

  /// `TrackEvent.Type`.
  private enum Kind: UInt64 {
    case begin = 1
    case end = 2
    case instant = 3
    case counter = 4
  }

  /// A counter's track: of a process, a name and one of its values.
  private struct Curve: Hashable {
    var process: Int
    var name: String
    var value: String
  }

  private var file: OutputFile
  private let encoder = ZlibEncoder()
  /// Packets that wait to be compressed together.
  private var waiting = ProtobufWriter()
  private var tracks: [TimelineTrack: UInt64] = [:]
  private var curves: [Curve: (track: UInt64, last: Int)] = [:]
  private var trackCount: UInt64 = 0
  private var strings = InternedStrings()

  /// Blocks are far below the 512 KB that readers allow them.
  private static let blockSize = 128 << 10
  private static let sequence: UInt64 = 1
  private static let clearsState: UInt64 = 1
  private static let needsState: UInt64 = 2
  private static let explicitChildren: UInt64 = 3
  private static let explicitProcesses: UInt64 = 1
  private static let counterRank: Int64 = 5

  /// Begins the file; `description` is what the whole trace is.
  init(path: String, description: String) throws(OutputError) {
    file = try OutputFile(path: path)
    waiting.message(1) { packet in
      packet.add(Packet.sequence, Self.sequence)
      packet.add(Packet.flags, Self.clearsState)
      packet.add(Packet.isFirst, 1)
      // The root, whose children are processes.
      packet.message(Packet.descriptor) { root in
        root.add(Descriptor.track, 0)
        root.add(Descriptor.description, description)
        root.add(Descriptor.processOrder, Self.explicitProcesses)
      }
    }
  }

  mutating func name(_ name: String, process: Int, order: Int) throws(OutputError) {
    let track = newTrack()
    tracks[TimelineTrack(process: process, number: 0)] = track
    try describe { descriptor in
      descriptor.add(Descriptor.track, track)
      descriptor.add(Descriptor.name, name)
      descriptor.message(Descriptor.process) { description in
        description.add(1, UInt64(process))
        description.add(6, name)
      }
      descriptor.add(Descriptor.childOrder, Self.explicitChildren)
      descriptor.add(Descriptor.rank, signed: Int64(order))
    }
  }

  mutating func name(_ name: String, track: TimelineTrack, order: Int) throws(OutputError) {
    let number = newTrack()
    tracks[track] = number
    let parent = trackNumber(of: TimelineTrack(process: track.process, number: 0))
    try describe { descriptor in
      descriptor.add(Descriptor.track, number)
      descriptor.add(Descriptor.name, name)
      descriptor.add(Descriptor.parent, parent)
      descriptor.add(Descriptor.rank, signed: Int64(order))
    }
  }

  mutating func draw(_ slice: TimelineSlice) throws(OutputError) {
    let track = trackNumber(of: slice.track)
    try begin(
      slice.name, isNamedForItself: slice.isNamedForItself, category: slice.category, on: track,
      at: slice.start, slice.arguments, slice.flows)
    for part in slice.parts {
      try begin(part.name, category: slice.category, on: track, at: part.start, part.arguments)
      try end(on: track, at: part.start + part.duration)
    }
    try end(on: track, at: slice.start + slice.duration)
  }

  mutating func mark(
    _ name: String, process: Int, time: Nanoseconds, _ arguments: [TimelineArgument]
  ) throws(OutputError) {
    try begin(
      name, .instant, isNamedForItself: true, category: "request",
      on: trackNumber(of: TimelineTrack(process: process, number: 0)), at: time, arguments)
  }

  mutating func count(
    _ name: String, process: Int, time: Nanoseconds, _ values: [(name: String, value: Int)]
  ) throws(OutputError) {
    for (value, count) in values {
      let curve = Curve(process: process, name: name, value: value)
      if curves[curve] == nil { try describe(curve) }
      guard let known = curves[curve], known.last != count else { continue }
      curves[curve] = (known.track, count)
      try put(at: time) { event in
        event.add(Event.type, Kind.counter.rawValue)
        event.add(Event.track, known.track)
        event.add(Event.counterValue, signed: Int64(count))
      }
    }
  }

  mutating func commit() throws(OutputError) {
    try flush()
    try file.commit()
  }

  // MARK: Events

  private mutating func begin(
    _ name: String, _ kind: Kind = .begin, isNamedForItself: Bool = false, category: String,
    on track: UInt64, at time: Nanoseconds, _ arguments: [TimelineArgument],
    _ flows: [TimelineFlow] = []
  ) throws(OutputError) {
    let number = isNamedForItself ? nil : strings.number(of: name, in: .names)
    let category = strings.number(of: category, in: .categories)
    let annotations = arguments.map { annotation(of: $0) }
    try put(at: time) { event in
      event.add(Event.type, kind.rawValue)
      event.add(Event.track, track)
      if let category { event.add(Event.categories, category) }
      if let number {
        event.add(Event.nameNumber, number)
      } else {
        event.add(Event.name, name)
      }
      for annotation in annotations { event.add(Event.annotations, annotation.bytes) }
      for flow in flows {
        event.add(
          flow.point == .end ? Event.endingFlows : Event.flows, fixed: UInt64(flow.number))
      }
    }
  }

  private mutating func end(on track: UInt64, at time: Nanoseconds) throws(OutputError) {
    try put(at: time) { event in
      event.add(Event.type, Kind.end.rawValue)
      event.add(Event.track, track)
    }
  }

  /// A `DebugAnnotation`.
  private mutating func annotation(of argument: TimelineArgument) -> ProtobufWriter {
    var annotation = ProtobufWriter()
    func addName(_ name: String) {
      if let number = strings.number(of: name, in: .argumentNames) {
        annotation.add(1, number)
      } else {
        annotation.add(10, name)
      }
    }
    switch argument.value {
    case .integer(let value):
      addName(argument.name)
      annotation.add(4, signed: Int64(value))
    case .time(let time):
      addName("\(argument.name)_ns")
      annotation.add(4, signed: time.rawValue)
    case .text(let text):
      addName(argument.name)
      if let number = strings.number(of: text, in: .texts) {
        annotation.add(17, number)
      } else {
        annotation.add(6, text)
      }
    }
    return annotation
  }

  /// Adds an event's packet, with the texts that it is the first to name.
  private mutating func put(
    at time: Nanoseconds, _ body: (inout ProtobufWriter) -> Void
  ) throws(OutputError) {
    let fresh = strings.takeFresh()
    waiting.message(1) { packet in
      packet.add(Packet.timestamp, UInt64(clamping: time.rawValue))
      packet.add(Packet.sequence, Self.sequence)
      packet.message(Packet.event, body)
      if !fresh.isEmpty {
        packet.message(Packet.interned) { data in
          for string in fresh {
            data.message(string.table.rawValue) { entry in
              entry.add(1, string.number)
              entry.add(2, string.text)
            }
          }
        }
      }
      packet.add(Packet.flags, Self.needsState)
    }
    if waiting.bytes.count >= Self.blockSize { try flush() }
  }

  // MARK: Tracks

  private mutating func newTrack() -> UInt64 {
    trackCount += 1
    return trackCount
  }

  private func trackNumber(of track: TimelineTrack) -> UInt64 { tracks[track] ?? 0 }

  private mutating func describe(_ curve: Curve) throws(OutputError) {
    let track = newTrack()
    // A value that no counter has, so that the first one is written.
    curves[curve] = (track, .min)
    let parent = trackNumber(of: TimelineTrack(process: curve.process, number: 0))
    try describe { descriptor in
      descriptor.add(Descriptor.track, track)
      descriptor.add(Descriptor.name, "\(curve.name): \(curve.value)")
      descriptor.add(Descriptor.parent, parent)
      descriptor.message(Descriptor.counter) { _ in }
      descriptor.add(Descriptor.rank, signed: Self.counterRank)
    }
  }

  private mutating func describe(_ body: (inout ProtobufWriter) -> Void) throws(OutputError) {
    waiting.message(1) { packet in
      packet.add(Packet.sequence, Self.sequence)
      packet.message(Packet.descriptor, body)
    }
    if waiting.bytes.count >= Self.blockSize { try flush() }
  }

  /// Writes what waits: compressed in one packet, or as it is where there is no memory for that.
  private mutating func flush() throws(OutputError) {
    guard !waiting.bytes.isEmpty else { return }
    if let block = encoder.compress(waiting.bytes) {
      var trace = ProtobufWriter()
      trace.message(1) { $0.add(Packet.compressed, block) }
      try file.write(trace.bytes)
    } else {
      try file.write(waiting.bytes)
    }
    waiting.removeAll()
  }
}
