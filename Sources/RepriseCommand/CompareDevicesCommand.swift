import ArgumentParser
import Reprise

/// `reprise compare-devices`: two devices' tables side by side.
struct CompareDevicesCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare-devices",
    abstract: "Compare two devices at the points that a database has of both.",
    discussion: """
      By kind of operator and type: how many points both measured, the second device's times over \
      the first's (median, 10th and 90th percentile), what the data sheets allow ('sheets', the ratio \
      of the shortest possible times), and the share of the speed of light that each reaches, in the \
      median. Below 1 the second device is the faster.

      Each runtime is compared with itself; only where no runtime measured an operator on both \
      devices, each of the one with each of the other, named 'FIRST : SECOND'. With --json prints an object \
      as TraceSchemas/device-comparison.schema.json describes it.

        reprise compare-devices --db lat.sqlite h100-sxm h200-sxm
        reprise compare-devices --db lat.sqlite h100-sxm h200-sxm --operator gemm --limit 5
      """)

  @OptionGroup var database: DatabaseOptions

  @Argument(help: "The first device, by the name that sources or data sheets give it.")
  var first: String

  @Argument(help: "The second device, likewise.")
  var second: String

  @Option(help: "Only this kind of operator, such as gemm, with its largest differences.")
  var `operator`: String?

  @Option(help: "For --operator: the most points to list, of each type and runtime.")
  var limit = 20

  @OptionGroup var json: JSONOptions

  mutating func validate() throws {
    guard limit > 0 else { throw UsageError("--limit must be at least 1") }
  }

  mutating func execute() throws {
    let sheets = try [first, second].map { try dataSheet(named: $0) }
    guard sheets[0].name != sheets[1].name else {
      throw Failure(.usage, "'\(first)' and '\(second)' are one device, \(sheets[0].name)")
    }
    let store = try database.open(.readOnly)
    let curves = try sheets.map { sheet in
      let curves = try store.curves(on: sheet)
      guard !curves.isEmpty else {
        throw Failure(.unavailable, try store.lack(of: sheet.name, in: database.path))
      }
      return curves
    }
    let kind = try self.operator.map { try measuredKind($0, curves) }
    let comparison = DeviceComparison(
      kind.map { kind in curves[0].filter { $0.operator.kind == kind } } ?? curves[0],
      on: sheets[0],
      kind.map { kind in curves[1].filter { $0.operator.kind == kind } } ?? curves[1],
      on: sheets[1])
    guard !comparison.rows.isEmpty else {
      let what = kind.map { "\($0) " } ?? ""
      throw Failure(
        .unavailable,
        "\(sheets[0].name) and \(sheets[1].name) share no \(what)point in \(database.path); "
          + "'reprise show curves' lists what each has")
    }
    let report = DeviceComparisonReport(
      comparison, of: sheets[0].name, and: sheets[1].name, only: kind, limit: limit)
    print(try json.isWanted ? report.json() : report.text, terminator: json.isWanted ? "\n" : "")
  }

  /// A kind that either device measured.
  private func measuredKind(_ name: String, _ curves: [[MeasuredCurve]]) throws -> OperatorKind {
    let kinds = Set(curves.joined().map(\.operator.kind.rawValue)).sorted()
    guard kinds.contains(name) else {
      let hint = nearestName(to: name, among: kinds)
      throw Failure(
        .usage,
        "no curve of operator '\(name)'; \(hint.map { "did you mean '\($0)'? " } ?? "")"
          + "there are \(kinds.joined(separator: ", "))")
    }
    return OperatorKind(rawValue: name)
  }
}
