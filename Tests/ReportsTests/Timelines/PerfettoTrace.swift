import CZlib
import Foundation
import TraceIO

/// A Perfetto trace as our own reader sees it: compressed packets opened, texts looked up.
struct PerfettoTrace {
  struct Event {
    var time: UInt64 = 0
    /// 1 begins a slice, 2 ends one, 3 is an instant, 4 a counter's value.
    var kind = 0
    var track: UInt64 = 0
    var name = ""
    var category = ""
    var arguments: [String: String] = [:]
    var flows: [UInt64] = []
    var endingFlows: [UInt64] = []
    var value: Int64 = 0
  }

  struct Track {
    var name = ""
    var parent: UInt64?
    var process: Int?
    var rank: Int64?
    var isCounter = false
  }

  /// A slice with the names of its process and track.
  struct Slice: Hashable {
    var process: String
    var track: String
    var name: String
    var start: UInt64
    var duration: UInt64
  }

  var events: [Event] = []
  var tracks: [UInt64: Track] = [:]
  /// Texts that an event named before they were told.
  var unknownTexts = 0
  /// Packets that were compressed together.
  var blocks = 0
  private var texts: [Int: [UInt64: String]] = [:]

  init(path: String) throws {
    var reader = ProtobufReader(try ByteSource(path: path))
    while try reader.next() {
      guard reader.field == 1, try reader.enter() else { continue }
      try takePacket(&reader)
    }
  }

  private mutating func takePacket(_ reader: inout ProtobufReader) throws {
    var (event, hasEvent): (Event, Bool) = (Event(), false)
    var raw: [(name: UInt64, text: UInt64?, plain: String)] = []
    var (nameNumber, categoryNumber): (UInt64?, UInt64?) = (nil, nil)
    while try reader.next() {
      switch reader.field {
      case 8: event.time = reader.unsigned
      case 50:
        blocks += 1
        var inner = ProtobufReader(try ByteSource(bytes: inflated(reader.bytes(maximum: 1 << 24))))
        while try inner.next() {
          if try inner.enter() { try takePacket(&inner) }
        }
      case 60:
        _ = try reader.enter()
        try takeDescriptor(&reader)
      case 12:
        _ = try reader.enter()
        while try reader.next() {
          let table = reader.field
          _ = try reader.enter()
          var (number, text): (UInt64, String) = (0, "")
          while try reader.next() {
            if reader.field == 1 { number = reader.unsigned } else { text = try reader.string() }
          }
          texts[table, default: [:]][number] = text
        }
      case 11:
        hasEvent = true
        _ = try reader.enter()
        while try reader.next() {
          switch reader.field {
          case 9: event.kind = Int(reader.unsigned)
          case 11: event.track = reader.unsigned
          case 10: nameNumber = reader.unsigned
          case 23: event.name = try reader.string()
          case 3: categoryNumber = reader.unsigned
          case 30: event.value = reader.integer
          case 47: event.flows.append(reader.unsigned)
          case 48: event.endingFlows.append(reader.unsigned)
          case 4:
            _ = try reader.enter()
            var (name, text, plain): (UInt64, UInt64?, String) = (0, nil, "")
            while try reader.next() {
              switch reader.field {
              case 1: name = reader.unsigned
              case 17: text = reader.unsigned
              case 4: plain = String(reader.integer)
              default: plain = try reader.string()
              }
            }
            raw.append((name, text, plain))
          default: break
          }
        }
      default: break
      }
    }
    guard hasEvent else { return }
    func text(_ table: Int, _ number: UInt64) -> String? { texts[table]?[number] }
    for argument in raw {
      let name = text(3, argument.name)
      let value = argument.text.map { text(29, $0) } ?? argument.plain
      if name == nil || value == nil { unknownTexts += 1 }
      event.arguments[name ?? "?"] = value
    }
    if let nameNumber {
      if text(2, nameNumber) == nil { unknownTexts += 1 }
      event.name = text(2, nameNumber) ?? "?"
    }
    if let categoryNumber { event.category = text(1, categoryNumber) ?? "?" }
    events.append(event)
  }

  private mutating func takeDescriptor(_ reader: inout ProtobufReader) throws {
    var (number, track): (UInt64, Track) = (0, Track())
    while try reader.next() {
      switch reader.field {
      case 1: number = reader.unsigned
      case 2: track.name = try reader.string()
      case 5: track.parent = reader.unsigned
      case 8: track.isCounter = true
      case 12: track.rank = reader.integer
      case 3:
        _ = try reader.enter()
        while try reader.next() {
          if reader.field == 1 { track.process = Int(reader.unsigned) }
        }
      default: break
      }
    }
    tracks[number] = track
  }

  /// The slices, as whoever reads a trace makes them: events in the order of their times, and of one time as
  /// they stand in the file; an end closes what is open. Nil where one closes nothing, or something stays open.
  var slices: [Slice]? {
    var open: [UInt64: [(Event)]] = [:]
    var slices: [Slice] = []
    let order = events.indices.sorted { (events[$0].time, $0) < (events[$1].time, $1) }
    for index in order {
      let event = events[index]
      if event.kind == 1 { open[event.track, default: []].append(event) }
      guard event.kind == 2 else { continue }
      guard let begin = open[event.track]?.popLast(), let track = tracks[event.track] else {
        return nil
      }
      slices.append(
        Slice(
          process: track.parent.flatMap { tracks[$0]?.name } ?? "", track: track.name,
          name: begin.name, start: begin.time, duration: event.time - begin.time))
    }
    return open.values.allSatisfy(\.isEmpty) ? slices : nil
  }
}

/// The text of a zlib block, by zlib, which did not compress it.
private func inflated(_ block: [UInt8]) throws -> [UInt8] {
  var text = [UInt8](repeating: 0, count: 1 << 20)
  var count = uLongf(text.count)
  guard uncompress(&text, &count, block, uLong(block.count)) == Z_OK else {
    throw OutputError(path: "block", reason: "it is no zlib data of at most a megabyte")
  }
  return Array(text.prefix(Int(count)))
}
