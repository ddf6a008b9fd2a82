import TraceIO

/// The tables of one run within a rocpd database.
struct RocpdRun: ~Copyable {
  private let suffix: String
  /// The number of the run within the file: correlations of different runs are different.
  private let number: Int
  private var strings: StringColumn
  private var kernels: StringColumn
  /// Schema 4: the times by their keys.
  private var times: [Int64: Int64] = [:]
  /// Schema 4: where something happened, by the key of its track.
  private var tracks: [Int64: Place] = [:]
  private let most: Int
  /// The numbers of the texts of processes and devices, which are made once.
  private var processes: [[Int64]: Int32] = [:]
  private var devices: [Int64?: Int32] = [:]

  /// Where something happened.
  private struct Place {
    var node: Int64?
    var process: Int64?
    var thread: Int64?
    var agent: Int64?
    var stream: Int64?
  }

  /// What both schemas know of a record.
  private struct Record {
    var start: Int64?
    var end: Int64?
    var place: Place
    var event: Int64?
  }

  init(
    _ database: borrowing SQLiteInput, suffix: String, number: Int, _ options: ImportOptions
  ) throws(TraceIOError) {
    self.init(
      suffix: suffix, number: number, most: options.maximumEvents,
      strings: try StringColumn(database, table: "rocpd_string" + suffix, ["string"]),
      kernels: try StringColumn(
        database, table: "rocpd_info_kernel_symbol" + suffix, ["display_name", "kernel_name"]))
  }

  private init(
    suffix: String, number: Int, most: Int, strings: consuming StringColumn,
    kernels: consuming StringColumn
  ) {
    self.suffix = suffix
    self.number = number
    self.most = most
    self.strings = strings
    self.kernels = kernels
  }

  /// Reads what the records of schema 4 point at; comes first.
  mutating func readTracks(
    _ database: borrowing SQLiteInput, _ collector: inout EventCollector
  ) throws(TraceIOError) {
    var stamps = try database.rows(of: "rocpd_timestamp" + suffix, ["id", "value"])
    while try stamps.next() {
      guard times.count / 2 < most else { return collector.overflow() }
      if let id = stamps.integer(0), let value = stamps.integer(1) { times[id] = value }
    }
    var places = try database.rows(
      of: "rocpd_track" + suffix, ["id", "nid", "pid", "tid", "agent_id", "stream_id"])
    while try places.next() {
      guard tracks.count < most else { return collector.overflow() }
      guard let id = places.integer(0) else { continue }
      tracks[id] = Place(
        node: places.integer(1), process: places.integer(2), thread: places.integer(3),
        agent: places.integer(4), stream: places.integer(5))
    }
  }

  /// The columns that every table of records starts with, whatever the schema.
  private static let columns = [
    "start", "end", "start_id", "end_id", "track_id", "nid", "pid", "tid", "agent_id", "stream_id",
    "event_id",
  ]

  private func record(_ rows: borrowing SQLiteRows) -> Record {
    let track = rows.integer(4).flatMap { tracks[$0] }
    return Record(
      start: rows.integer(0) ?? rows.integer(2).flatMap { times[$0] },
      end: rows.integer(1) ?? rows.integer(3).flatMap { times[$0] },
      place: Place(
        node: rows.integer(5) ?? track?.node, process: rows.integer(6) ?? track?.process,
        thread: rows.integer(7) ?? track?.thread, agent: rows.integer(8) ?? track?.agent,
        stream: rows.integer(9) ?? track?.stream),
      event: rows.integer(10))
  }

  // MARK: Devices

  mutating func readDispatches(
    _ database: borrowing SQLiteInput, _ collector: inout EventCollector
  ) throws(TraceIOError) {
    var events = try eventLookup(database)
    var rows = try database.rows(
      of: "rocpd_kernel_dispatch" + suffix, Self.columns + ["kernel_id"])
    while !collector.isFull, try rows.next() {
      let record = record(rows)
      guard let span = collector.span(record.start, record.end) else { continue }
      let name = try kernels.number(rows.integer(Self.columns.count), &collector)
      try add(record, span, name, row: rows.row, &events, &collector)
    }
  }

  mutating func readCopies(
    _ database: borrowing SQLiteInput, _ collector: inout EventCollector
  ) throws(TraceIOError) {
    var events = try eventLookup(database)
    var rows = try database.rows(
      of: "rocpd_memory_copy" + suffix, Self.columns + ["name_id", "dst_agent_id", "size"])
    while !collector.isFull, try rows.next() {
      var record = record(rows)
      guard let span = collector.span(record.start, record.end) else { continue }
      let name = try strings.number(rows.integer(Self.columns.count), &collector)
      record.place.agent = rows.integer(Self.columns.count + 1) ?? record.place.agent
      let bytes = rows.integer(Self.columns.count + 2) ?? -1
      try add(record, span, name, .memcpy, bytes: bytes, row: rows.row, &events, &collector)
    }
  }

  private mutating func add(
    _ record: Record, _ span: EventCollector.Span, _ name: Int32,
    _ kind: TraceEvents.DeviceKind = .kernel, bytes: Int64 = -1, row: Int64,
    _ events: inout SQLiteLookup, _ collector: inout EventCollector
  ) throws(TraceIOError) {
    var correlation = TraceEvents.none
    if let event = record.event, try events.find(event) {
      correlation = events.integer(0) ?? TraceEvents.none
    }
    collector.add(
      TraceEvents.Device(
        start: span.start, duration: span.duration, correlation: correlation, name: name,
        device: number(ofDevice: record.place.agent, &collector),
        stream: collector.number(of: record.place.stream),
        process: number(ofProcess: record.place, &collector), kind: kind, bytes: bytes,
        place: SourcePlace(offset: row)))
  }

  private func eventLookup(
    _ database: borrowing SQLiteInput
  ) throws(TraceIOError) -> SQLiteLookup {
    try database.lookup(
      in: "rocpd_event" + suffix, key: "id", ["stack_id", "category_id", "extdata"])
  }

  private mutating func number(
    ofProcess place: Place, _ collector: inout EventCollector
  ) -> Int32 {
    let key = [place.node ?? 0, place.process ?? 0]
    if let known = processes[key] { return known }
    let found = collector.number(of: "\(number).\(key[0]).\(key[1])")
    if processes.count < 1 << 20 { processes[key] = found }
    return found
  }

  private mutating func number(
    ofDevice agent: Int64?, _ collector: inout EventCollector
  ) -> Int32 {
    if let known = devices[agent] { return known }
    let found = collector.number(of: device(agent))
    if devices.count < 1 << 20 { devices[agent] = found }
    return found
  }

  private func device(_ agent: Int64?) -> String { "\(number).\(agent ?? -1)" }

  // MARK: Hosts

  /// Calls of the runtime, and the ranges that the program marked.
  mutating func readRegions(
    _ database: borrowing SQLiteInput, _ collector: inout EventCollector
  ) throws(TraceIOError) {
    var events = try eventLookup(database)
    // Later recorders keep categories apart from other strings.
    let categoryTable = "rocpd_info_category" + suffix
    var categories = try StringColumn(
      database, table: database.hasTable(categoryTable) ? categoryTable : "rocpd_string" + suffix,
      ["name", "string"])
    var markers: [Int64: Bool] = [:]
    var rows = try database.rows(of: "rocpd_region" + suffix, Self.columns + ["name_id"])
    while !collector.isFull, try rows.next() {
      let record = record(rows)
      let found = try record.event.map { (event) throws(TraceIOError) in try events.find(event) }
      let correlation = found == true ? events.integer(0) : nil
      let category = found == true ? events.integer(1) : nil
      if let category, markers[category] == nil, markers.count < 1 << 16 {
        let title = try categories.text(category)
        markers[category] = title.map { $0.uppercased().contains("MARKER") }
      }
      let title = try strings.text(rows.integer(Self.columns.count))
      let isMarker =
        category.flatMap { markers[$0] }
        ?? !(title.map { $0.hasPrefix("hip") || $0.hasPrefix("hsa") } ?? true)
      let isLaunch = correlation.map { collector.correlations.contains($0) } ?? false
      guard isMarker || isLaunch else {
        collector.coverage.recordsRead += 1
        continue
      }
      guard let span = collector.span(record.start, record.end) else { continue }
      let process = number(ofProcess: record.place, &collector)
      let thread = collector.number(of: record.place.thread)
      if isMarker {
        let text = Self.rangeText(title, extra: found == true ? events.text(2) : nil)
        collector.addRange(span, text, process: process, thread: thread)
      } else {
        collector.addLaunch(
          span, name: collector.number(of: title), correlation: correlation ?? TraceEvents.none,
          process: process, thread: thread)
      }
    }
  }

  /// A range's text: older recorders name the function of roctx that was called, and keep the text
  /// beside it; newer ones the other way round.
  private static func rangeText(_ title: String?, extra: String?) -> String? {
    guard let title, title.hasPrefix("roctx"), let extra else { return title }
    do throws(TraceIOError) {
      var scanner = try JSONScanner(ByteSource(bytes: Array(extra.utf8)))
      guard try scanner.next() == .objectStart else { return title }
      while try scanner.next() == .key {
        let isMessage = scanner.tokenIs("message")
        let token = try scanner.next()
        if isMessage, token == .string {
          let message = scanner.string()
          return message.isEmpty ? title : message
        }
        try scanner.skipValue(of: token)
      }
    } catch {
      // What is no JSON holds no message.
    }
    return title
  }

  // MARK: Facts

  /// The names of the devices, by the text that tells them apart.
  func readAgents(
    _ database: borrowing SQLiteInput, _ agents: inout [String: String]
  ) throws(TraceIOError) {
    var rows = try database.rows(
      of: "rocpd_info_agent" + suffix, ["id", "product_name", "name", "model_name"])
    while try rows.next(), agents.count < 4096 {
      let name = (1...3).lazy.compactMap { rows.text($0)?.asFact }.first
      if let id = rows.integer(0), let name { agents[device(id)] = name }
    }
  }

  func schemaVersion(_ database: borrowing SQLiteInput) throws(TraceIOError) -> String? {
    var rows = try database.rows(of: "rocpd_metadata" + suffix, ["tag", "value"])
    while try rows.next() {
      if rows.text(0) == "schema_version" { return rows.text(1)?.asFact }
    }
    return nil
  }
}
