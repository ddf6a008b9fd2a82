import TraceIO

/// Reads the planes of an `XSpace` one after the other, and keeps the kernels of its devices.
///
/// XLA names the operator on the kernel itself, so the host's plane with the launches is not needed.
/// A plane's names follow its events: those wait as numbers until the plane ends.
struct XPlaneParser {
  /// The operator that a kernel names, by the numbers of its texts; -1 where it names none.
  struct Origin: Hashable {
    var op: Int32 = -1
    var module: Int32 = -1
    var program: Int64 = -1
  }

  var events = TraceEvents()
  /// The operators of ``TraceEvents/devices``, in the same order.
  var origins: [Origin] = []
  /// The compiled modules by their program's number.
  var modules: [Int64: HLOModule] = [:]
  var coverage = Coverage()
  var facts: [String: String] = [:]
  let options: ImportOptions
  private var moduleRoom = HLOModule.room

  init(options: ImportOptions) { self.options = options }

  /// A statistic: a number, a text, or the number of the metadata whose name is the text.
  private struct Stat {
    var key: Int64 = 0
    var number: Int64 = 0
    var text: Int32 = -1
    var isReference = false
  }

  private struct Event {
    var metadata: Int64 = 0
    var offset: Int64 = 0
    var duration: Int64 = 0
    var lineStart: Int64 = 0
    var line: Int32 = -1
    var stats = 0..<0
    var place = SourcePlace.unknown
  }

  private struct Plane {
    var name = ""
    var events: [Event] = []
    var stats: [Stat] = []
    var ownStats: [Stat] = []
    var eventNames: [Int64: Int32] = [:]
    var statNames: [Int64: Int32] = [:]

    var isDevice: Bool { name.hasPrefix("/device:GPU:") }
    var isMetadata: Bool { name == "/host:metadata" }
  }

  /// The most statistics that are kept of an event, and of all events for each that may be kept.
  private static let (maximumStats, meanStats) = (64, 4)
  /// The most compiled modules that are kept.
  private static let maximumModules = 1 << 16

  /// Whether a plane holds more than may be kept.
  private func isFull(_ plane: Plane) -> Bool {
    let most = options.maximumEvents
    return events.count + plane.events.count > most
      || plane.eventNames.count + plane.statNames.count > most
      || plane.stats.count / Self.meanStats > most
  }

  /// Reads to the end.
  ///
  /// - Returns: Whether there were fewer events than the limit.
  mutating func read(_ reader: inout ProtobufReader) throws(TraceIOError) -> Bool {
    while try reader.next() {
      guard reader.field == 1, try reader.enter() else { continue }
      guard try readPlane(&reader) else { return false }
    }
    return true
  }

  private mutating func readPlane(_ reader: inout ProtobufReader) throws(TraceIOError) -> Bool {
    var plane = Plane()
    while try reader.next() {
      switch reader.field {
      case 2: plane.name = try reader.string(maximum: 4096)
      case 3 where plane.isDevice:
        if try reader.enter() { try readLine(&reader, &plane) }
      case 4 where plane.isDevice: try readNamed(&reader, into: &plane.eventNames)
      case 4 where plane.isMetadata: try readModule(&reader)
      case 5 where plane.isDevice: try readNamed(&reader, into: &plane.statNames)
      case 6 where plane.isDevice:
        guard try reader.enter() else { continue }
        let stat = try readStat(&reader)
        if plane.ownStats.count < Self.maximumStats { plane.ownStats.append(stat) }
      default: break
      }
      if isFull(plane) { return false }
    }
    keep(plane)
    return true
  }

  /// Reads an entry of a map from numbers to metadata with a name.
  private mutating func readNamed(
    _ reader: inout ProtobufReader, into names: inout [Int64: Int32]
  ) throws(TraceIOError) {
    guard try reader.enter() else { return }
    var key: Int64 = 0
    var text: Int32 = -1
    while try reader.next() {
      switch reader.field {
      case 1: key = reader.integer
      case 2:
        guard try reader.enter() else { continue }
        while try reader.next() {
          if reader.field == 2 { text = events.texts.intern(try reader.string()) ?? -1 }
        }
      default: break
      }
    }
    names[key] = text
  }

  /// Reads a compiled module, which the profile keeps as a statistic of an event's metadata.
  private mutating func readModule(_ reader: inout ProtobufReader) throws(TraceIOError) {
    guard try reader.enter() else { return }
    var key: Int64 = 0
    while try reader.next() {
      switch reader.field {
      case 1: key = reader.integer
      case 2:
        guard try reader.enter() else { continue }
        while try reader.next() {
          guard reader.field == 5, try reader.enter() else { continue }
          while try reader.next() {
            guard reader.field == 6, try reader.enter() else { continue }
            let depth = reader.depth
            do throws(TraceIOError) {
              let module = try HLOModule(proto: &reader, room: &moduleRoom)
              if modules.count < Self.maximumModules { modules[key] = module }
            } catch {
              // Without the module its operators only lack their shapes.
              guard try reader.leave(depth) else { throw error }
            }
          }
        }
      default: break
      }
    }
  }

  private mutating func readLine(
    _ reader: inout ProtobufReader, _ plane: inout Plane
  ) throws(TraceIOError) {
    var line: Int32 = -1
    var start: Int64 = 0
    var isStream = false
    while try reader.next() {
      switch reader.field {
      case 2:
        let name = try reader.string(maximum: 4096)
        // Other lines, such as `XLA Ops`, show the same kernels again.
        isStream = name.hasPrefix("Stream #")
        line = events.texts.intern(name) ?? -1
      case 3: start = reader.integer
      case 4 where isStream:
        let offset = reader.fieldOffset
        guard try reader.enter() else { continue }
        var event = try readEvent(&reader, &plane)
        event.line = line
        event.lineStart = start
        event.place = SourcePlace(
          offset: Int64(offset), length: Int32(clamping: reader.offset - offset))
        plane.events.append(event)
        if isFull(plane) { return }
      default: break
      }
    }
  }

  private mutating func readEvent(
    _ reader: inout ProtobufReader, _ plane: inout Plane
  ) throws(TraceIOError) -> Event {
    var event = Event()
    let first = plane.stats.count
    while try reader.next() {
      switch reader.field {
      case 1: event.metadata = reader.integer
      case 2: event.offset = reader.integer
      case 3: event.duration = reader.integer
      case 4:
        guard try reader.enter() else { continue }
        let stat = try readStat(&reader)
        if plane.stats.count - first < Self.maximumStats { plane.stats.append(stat) }
      default: break
      }
    }
    event.stats = first..<plane.stats.count
    return event
  }

  private mutating func readStat(_ reader: inout ProtobufReader) throws(TraceIOError) -> Stat {
    var stat = Stat()
    while try reader.next() {
      switch reader.field {
      case 1: stat.key = reader.integer
      case 3, 4: stat.number = reader.integer
      case 5: stat.text = events.texts.intern(try reader.string()) ?? -1
      case 7:
        stat.number = reader.integer
        stat.isReference = true
      default: break
      }
    }
    return stat
  }

  // MARK: A plane's end

  /// Resolves the names of a device's events.
  private mutating func keep(_ plane: Plane) {
    guard plane.isDevice else { return }
    let device = events.texts.intern(plane.name) ?? -1
    func text(_ stat: Stat) -> Int32 {
      stat.isReference ? plane.statNames[stat.number] ?? -1 : stat.text
    }
    let roles = roles(in: plane)
    for event in plane.events {
      coverage.recordsRead += 1
      let (start, overflow) = event.lineStart.addingReportingOverflow(
        Self.nanoseconds(event.offset))
      guard !overflow, start.magnitude < UInt64(Int64.max) / 2 else {
        coverage.reject(.badTimestamp)
        continue
      }
      let duration = Self.nanoseconds(event.duration)
      guard event.duration >= 0 else {
        coverage.reject(.negativeDuration)
        continue
      }
      guard duration <= options.maximumDuration, duration < .max / 4 else {
        coverage.reject(.durationTooLong)
        continue
      }
      guard let name = plane.eventNames[event.metadata], name >= 0, event.line >= 0 else {
        coverage.reject(.missingName)
        continue
      }
      var kernel = TraceEvents.Device(
        start: start, duration: duration, correlation: TraceEvents.none, name: name,
        device: device, stream: event.line, kind: .kernel, place: event.place)
      var origin = Origin()
      for stat in plane.stats[event.stats] {
        switch roles[stat.key] {
        case .op: origin.op = text(stat)
        case .module: origin.module = text(stat)
        case .program: origin.program = stat.number
        case .correlation: kernel.correlation = stat.number
        case .copy: kernel.kind = .memcpy
        case .fill: kernel.kind = .memset
        case nil: break
        }
      }
      coverage.recordsUsed += 1
      events.devices.append(kernel)
      origins.append(origin)
    }
    for stat in plane.ownStats {
      switch plane.statNames[stat.key].map({ events.texts[$0] }) {
      case "device_vendor": facts["device_vendor"] = events.texts[text(stat)].asFact
      case "core_count": facts["core_count"] = String(stat.number)
      case "compute_cap_major": facts["compute_capability_major"] = String(stat.number)
      case "compute_cap_minor": facts["compute_capability_minor"] = String(stat.number)
      default: break
      }
    }
  }

  /// What a statistic says of a kernel.
  private enum Role: String {
    case op = "hlo_op"
    case module = "hlo_module"
    case program = "program_id"
    case correlation = "correlation_id"
    case copy = "memcpy_details"
    case fill = "memset_details"
  }

  private func roles(in plane: Plane) -> [Int64: Role] {
    plane.statNames.compactMapValues { Role(rawValue: events.texts[$0]) }
  }

  /// Picoseconds as nanoseconds, to the nearest; exact for all profilers known, which count whole
  /// nanoseconds.
  private static func nanoseconds(_ picoseconds: Int64) -> Int64 {
    let (whole, rest) = picoseconds.quotientAndRemainder(dividingBy: 1000)
    return whole + (rest >= 500 ? 1 : rest <= -500 ? -1 : 0)
  }
}
