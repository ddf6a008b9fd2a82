import TraceIO

/// The launches of an Nsight Compute CSV, in either of its forms.
///
/// Long (`--csv`): a row for each metric of each launch. Wide (`--csv --page raw`): a row for each
/// launch and a column for each metric, under a row of units.
struct NsightComputeTable {
  /// One launch; texts by their numbers.
  struct Launch {
    var kernel: Int32
    var grid: Int32
    var block: Int32
    var device: Int32
    /// The line of the row that holds the duration.
    var line: Int
    /// The duration as written, and its unit; -1 where there was none.
    var duration: Int32 = -1
    var unit: Int32 = -1
    /// The place in ``durationNames`` of the metric; the first counts most.
    var rank = Int.max
  }

  /// One run of the tool may follow another in one file, with numbers from 0 again.
  private struct Key: Hashable {
    var run: Int
    var process: Int64?
    var id: Int64
  }

  /// The metrics that are the duration of a launch, the best first.
  static let durationNames = [
    "gpu__time_duration.sum", "gpu__time_duration.avg", "gpu__time_duration.max", "Duration",
  ]
  private static let deviceMetric = "device__attribute_display_name"

  private(set) var launches: [Launch] = []
  private(set) var texts: ByteStringTable
  private(set) var mark = DecimalMark()
  private(set) var coverage = Coverage()
  private(set) var capabilities: Set<String> = []
  private(set) var deviceNames: Set<String> = []
  private(set) var input: InputSummary?
  private var numbers: [Key: Int] = [:]

  /// Where the columns are; of the metrics those of one form only.
  private struct Columns {
    var id: Int
    var process: Int?
    var kernel: Int
    var stream: Int?
    var block: Int?
    var grid: Int?
    var device: Int?
    var capability: Int?
    var metric: Int?
    var unit: Int?
    var value: Int?
    /// In the wide form the best duration, and the first column of the metrics.
    var duration: (column: Int, rank: Int)?
    var deviceName: Int?
    var firstMetric: Int
  }

  /// Whether a line is the header of a table.
  static func isHeader(_ line: String) -> Bool {
    let text = line.filter { $0 != "\"" }
    return text.hasPrefix("ID,") && text.contains(",Kernel Name,")
  }

  /// Reads a whole file; its texts go into `texts`.
  init(
    _ source: consuming ByteSource, options: ImportOptions, texts: ByteStringTable = .init()
  ) throws(ProfilerTraceError) {
    self.texts = texts
    var problem: ProfilerTraceError?
    do throws(TraceIOError) {
      var table = try CSVReader(source, maximumLine: 1 << 20, headerWhere: Self.isHeader)
      table.salvages = !options.isStrict
      let columns = Self.columns(of: table.header, path: table.path, &problem)
      var units: [Int32] = []
      var runs = 0
      while problem == nil, let columns, try table.next() {
        let row = (0..<table.fieldCount).map { table.field($0) }
        if row == table.header {
          runs += 1
        } else if columns.metric == nil, units.isEmpty, row.count > columns.id,
          row[columns.id].isEmpty
        {
          units = row.map { number($0) }
        } else if row.count >= columns.firstMetric, let id = Int64(row[columns.id]) {
          coverage.recordsRead += 1
          take(row, id, columns, units, run: runs, line: table.rowLine)
        }
        // Other lines are of the tool (`==PROF== …`) or of the profiled program.
        if launches.count > options.maximumEvents {
          problem = .tooManyEvents(path: table.path, limit: options.maximumEvents)
        }
      }
      if problem == nil, columns?.metric == nil, units.isEmpty, !launches.isEmpty {
        problem = .missingInformation(
          path: table.path, what: "has no row of units under its header; export it again")
      }
      input = try table.finish()
    } catch {
      throw .input(error)
    }
    if let problem { throw problem }
  }

  /// Finds the columns; nil and a problem where one is missing.
  private static func columns(
    of header: [String], path: String, _ problem: inout ProfilerTraceError?
  ) -> Columns? {
    func column(_ name: String) -> Int? { header.firstIndex(of: name) }
    guard let id = column("ID"), let kernel = column("Kernel Name") else {
      problem = .missingColumn(path: path, column: "Kernel Name")
      return nil
    }
    let fixed = [
      "ID", "Process ID", "Kernel Name", "Stream", "Block Size", "Grid Size", "Device", "CC",
    ]
    let last = fixed.compactMap(column).max() ?? kernel
    var columns = Columns(
      id: id, process: column("Process ID"), kernel: kernel, stream: column("Stream"),
      block: column("Block Size"), grid: column("Grid Size"), device: column("Device"),
      capability: column("CC"), firstMetric: last + 1)
    if let metric = column("Metric Name") {
      guard let unit = column("Metric Unit"), let value = column("Metric Value") else {
        problem = .missingColumn(path: path, column: "Metric Value")
        return nil
      }
      columns.metric = metric
      columns.unit = unit
      columns.value = value
      columns.firstMetric = max(last, metric, unit, value) + 1
      return columns
    }
    for (rank, name) in durationNames.enumerated() {
      guard columns.duration == nil, let index = column(name) else { continue }
      columns.duration = (index, rank)
    }
    guard columns.duration != nil else {
      problem = .missingColumn(path: path, column: durationNames[0])
      return nil
    }
    columns.deviceName = column(deviceMetric)
    return columns
  }

  private mutating func number(_ text: String) -> Int32 { texts.intern(text) ?? -1 }

  private mutating func take(
    _ row: [String], _ id: Int64, _ columns: Columns, _ units: [Int32], run: Int, line: Int
  ) {
    func field(_ column: Int?) -> String {
      column.flatMap { $0 < row.count ? row[$0] : nil } ?? ""
    }
    let key = Key(run: run, process: Int64(field(columns.process)), id: id)
    let index: Int
    if let known = numbers[key] {
      index = known
    } else {
      index = launches.count
      numbers[key] = index
      let capability = field(columns.capability)
      if let capability = capability.asFact, capabilities.count < 16 {
        capabilities.insert(capability)
      }
      var launch = Launch(
        kernel: number(row[columns.kernel]), grid: number(field(columns.grid)),
        block: number(field(columns.block)), device: number(field(columns.device)), line: line)
      // Without room for its texts it would pass for another one.
      if min(launch.grid, launch.block, launch.device) < 0 { launch.kernel = -1 }
      launches.append(launch)
    }
    if let metric = columns.metric {
      let (name, value) = (row[metric], field(columns.value))
      look(at: value, of: name)
      if name == Self.deviceMetric { takeDeviceName(value) }
      if let rank = Self.durationNames.firstIndex(of: name) {
        takeDuration(value, unit: number(field(columns.unit)), rank: rank, of: index, line: line)
      }
    } else {
      for column in columns.firstMetric..<max(columns.firstMetric, row.count)
      where column < units.count && !texts[units[column]].isEmpty {
        look(at: row[column], of: "")
      }
      if let name = columns.deviceName { takeDeviceName(field(name)) }
      if let (column, rank) = columns.duration, column < units.count {
        takeDuration(field(column), unit: units[column], rank: rank, of: index, line: line)
      }
    }
  }

  /// Attributes of devices and launches hold versions and lists, which are no measured values.
  private mutating func look(at value: String, of metric: String) {
    guard !metric.contains("__attribute") else { return }
    mark.look(at: value)
  }

  private mutating func takeDeviceName(_ name: String) {
    if let name = name.asFact, deviceNames.count < 16 { deviceNames.insert(name) }
  }

  private mutating func takeDuration(
    _ text: String, unit: Int32, rank: Int, of index: Int, line: Int
  ) {
    guard rank < launches[index].rank else { return }
    launches[index].rank = rank
    launches[index].duration = number(text)
    if launches[index].duration < 0 || unit < 0 { launches[index].kernel = -1 }
    launches[index].unit = unit
    launches[index].line = line
  }
}
