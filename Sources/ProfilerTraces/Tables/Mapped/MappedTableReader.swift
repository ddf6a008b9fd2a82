import Operators
import TraceIO

/// Imports a CSV table of the user's own through a ``TableMapping``.
///
/// A row measures the first operator of the mapping whose conditions hold. White space around a
/// field is passed over, and so is the name of the unit after a time (`0.19ms`). A row that no
/// operator selects is counted, a row whose sizes or times are not numbers, or out of bounds, is bad.
enum MappedTableReader {
  /// Imports one table.
  ///
  /// - Returns: A trace for each device and software that the rows name.
  static func read(
    path: String, mapping: TableMapping, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> [ImportedTrace] {
    var parts = TableParts(options)
    let read: (places: ColumnPlaces, input: InputSummary)
    do throws(TraceIOError) {
      let source = try ByteSource(path: path, limits: options.inputLimits)
      var rows =
        if let columns = mapping.columns {
          CSVReader(source, header: columns)
        } else {
          try CSVReader(source)
        }
      rows.salvages = !options.isStrict
      // Tables written by hand often lack the last line's end: told, and kept.
      rows.needsLineEnds = options.isStrict
      var places = ColumnPlaces(rows)
      let table = ResolvedMapping(mapping, &places)
      if places.missing == nil, places.doubled == nil {
        while try rows.next(), parts.hasRoom { table.add(rows, options, &parts) }
      }
      read = (places, try rows.finish())
    } catch {
      throw .input(error)
    }
    if let missing = read.places.missing { throw .missingColumn(path: path, column: missing) }
    if let doubled = read.places.doubled {
      throw .missingInformation(
        path: path,
        what:
          "which of its columns '\(doubled)' is meant; it has several, give each a name of its own")
    }
    var traces = try parts.finish(path: path, read.input)
    for index in traces.indices { traces[index].arguments = "mapping=\(mapping.digest)" }
    return traces
  }
}

/// The columns of a table by name, and the first name that it lacks, or has twice.
private struct ColumnPlaces {
  private var places: [String: Int] = [:]
  private(set) var missing: String?
  /// A column that is asked for and there twice.
  private(set) var doubled: String?
  private var doubles: Set<String> = []

  init(_ rows: borrowing CSVReader) {
    for (index, name) in rows.header.enumerated().prefix(4096) {
      let name = name.lowercased()
      if places[name] != nil { doubles.insert(name) }
      places[name] = places[name] ?? index
    }
  }

  mutating func column(_ name: String) -> Int {
    if doubles.contains(name.lowercased()) { doubled = doubled ?? name }
    if let place = places[name.lowercased()] { return place }
    missing = missing ?? name
    return -1
  }
}

/// A mapping with the places of its columns.
private struct ResolvedMapping {
  private enum Text {
    case constant(String)
    case column(Int, [String: String]?)
  }

  private enum Size {
    case constant(Int)
    case columns([Int], factor: Int, divisor: Int)
  }

  private struct Rule {
    var conditions: [(column: Int, value: String, isNegated: Bool)]
    var kind: OperatorKind
    var dataType: Text?
    var attributes: [(name: String, size: Size)]
    var axes: [(index: Int, size: Size)]
    var unit: TimeUnit
    /// Of the mean, the median, the minimum and the deviation.
    var times: [Int?]
    var count: Size?
  }

  private var rules: [Rule]
  private var device: Text?
  private var framework: Text?
  private var version: Text?

  init(_ mapping: TableMapping, _ places: inout ColumnPlaces) {
    device = Self.text(mapping.device, &places)
    framework = Self.text(mapping.framework, &places)
    version = Self.text(mapping.version, &places)
    rules = []
    for rule in mapping.operators {
      let times = rule.times
      rules.append(
        Rule(
          conditions: rule.conditions.map { ($0.column, $0.value, $0.isNegated) }
            .map { (places.column($0.0), $0.1, $0.2) },
          kind: rule.kind, dataType: Self.text(rule.dataType, &places),
          attributes: rule.attributes.map { ($0.name, Self.size($0.value, &places)) },
          axes: rule.axes.compactMap { axis in
            rule.kind.axes.firstIndex(of: axis.name).map { ($0, Self.size(axis.value, &places)) }
          },
          unit: times.unit,
          times: [times.mean, times.median, times.minimum, times.deviation].map {
            $0.map { places.column($0) }
          }, count: times.count.map { Self.size($0, &places) }))
    }
  }

  private static func text(_ text: TableMapping.Text?, _ places: inout ColumnPlaces) -> Text? {
    switch text {
    case .constant(let value): .constant(value)
    case .column(let name, let values): .column(places.column(name), values)
    case nil: nil
    }
  }

  private static func size(_ size: TableMapping.Size, _ places: inout ColumnPlaces) -> Size {
    switch size {
    case .constant(let value): return .constant(value)
    case .columns(let names, let factor, let divisor):
      return .columns(names.map { places.column($0) }, factor: factor, divisor: divisor)
    }
  }

  /// Adds the current row to the part that it belongs to.
  func add(
    _ rows: borrowing CSVReader, _ options: ImportOptions, _ parts: inout TableParts
  ) {
    var names: [String] = []
    for text in [device, framework, version] {
      guard let value = Self.value(text, rows) else { return parts.reject(.badValue) }
      names.append(value)
    }
    let record = sample(rows, options)
    parts.change(
      names,
      new: {
        var trace = ImportedTrace(format: .mapped)
        trace.deviceName = names[0].isEmpty ? nil : names[0]
        trace.runtime = RuntimeDescription(
          framework: names[1].isEmpty ? nil : names[1], version: names[2].isEmpty ? nil : names[2])
        return trace
      }
    ) { $0.add(record) }
  }

  private func sample(
    _ rows: borrowing CSVReader, _ options: ImportOptions
  ) -> Result<OperatorSample, Rejection> {
    // A comma within a number, or without quotes in a text, moves all that follows to other columns.
    guard
      (rows.header.count..<max(rows.header.count, rows.fieldCount)).allSatisfy({
        rows.trimmed($0).isEmpty
      })
    else { return .failure(Rejection(reason: .badValue)) }
    var selected: Rule?
    for rule in rules where selected == nil {
      var holds = true
      for condition in rule.conditions {
        holds = holds && (rows.trimmed(condition.column) == condition.value) != condition.isNegated
      }
      if holds { selected = rule }
    }
    guard let rule = selected else { return .failure(Rejection(reason: .unmatchedRow)) }
    var op = Operator(rule.kind, dataType: options.dataType)
    if let dataType = rule.dataType {
      guard let name = Self.value(dataType, rows), let type = DataType(rawValue: name) else {
        return .failure(Rejection(reason: .badValue))
      }
      op.dataType = type
    }
    for attribute in rule.attributes {
      guard let value = Self.value(attribute.size, rows) else {
        return .failure(Rejection(reason: .badValue))
      }
      op.attributes[attribute.name] = value
    }
    var point = AxisPoint.none
    for axis in rule.axes {
      guard let value = Self.value(axis.size, rows) else {
        return .failure(Rejection(reason: .badValue))
      }
      point.values[axis.index] = Int64(value)
    }
    var times: [Double?] = []
    for column in rule.times {
      times.append(column.map { Self.time(rows.trimmed($0), rule.unit) })
    }
    let count = rule.count.map { Self.value($0, rows) } ?? 1
    return MeasuredPoint(
      operator: op.withoutDefaults, point: point, label: rule.kind.rawValue,
      times: MeasuredTimes(
        count: count, mean: times[0], median: times[1], minimum: times[2], deviation: times[3])
    ).sample(options)
  }

  /// A time in nanoseconds, with or without its unit; not a number where it is none.
  private static func time(_ text: String, _ unit: TimeUnit) -> Double {
    var text = text
    if text.hasSuffix(unit.rawValue) { text.removeLast(unit.rawValue.count) }
    while text.last == " " { text.removeLast() }
    return unit.nanoseconds(text) ?? .nan
  }

  /// A text of the current row, empty where the mapping has none; nil where it is not one of those
  /// that the mapping knows.
  private static func value(_ text: Text?, _ rows: borrowing CSVReader) -> String? {
    switch text {
    case nil: return ""
    case .constant(let value): return value
    case .column(let column, let values):
      let value = String(rows.trimmed(column).prefix(TableMappingFormat.longestText))
      guard let values else { return value.isEmpty ? nil : value }
      return values[value]
    }
  }

  /// A size of the current row, or nil where it is no whole number that fits.
  private static func value(_ size: Size, _ rows: borrowing CSVReader) -> Int? {
    switch size {
    case .constant(let value): return value
    case .columns(let columns, let factor, let divisor):
      var product = factor
      for column in columns {
        guard case .exact(let number) = FixedPoint(rows.trimmed(column), decimals: 0), number >= 0,
          let number = Int(exactly: number)
        else { return nil }
        let (value, overflow) = product.multipliedReportingOverflow(by: number)
        guard !overflow else { return nil }
        product = value
      }
      return product % divisor == 0 ? product / divisor : nil
    }
  }
}

extension CSVReader {
  /// A field without white space around it.
  fileprivate func trimmed(_ column: Int) -> String {
    let text = field(column)
    guard text.first?.isWhitespace == true || text.last?.isWhitespace == true else { return text }
    return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}
