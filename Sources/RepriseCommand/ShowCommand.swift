import ArgumentParser
import Reprise

/// `reprise show`: what a database holds.
struct ShowCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Print what a database holds.",
    discussion: """
      The same views that SQLite shows: sqlite3 -box lat.sqlite 'select * from coverage'.
        coverage        how much of each source's time was attributed, by which rule
        curves          the operators known for each device
        samples         every measured point; show-source --sample says what it rests on
        top-kernels     which kernels took the most time
        kernel-classes  kernels' time by what they compute and whose they are
        outliers        samples whose own measurements disagree
      With --json an object as TraceSchemas/view.schema.json describes it.

        reprise show curves --operator gemm --db lat.sqlite
        reprise show coverage --db lat.sqlite --json
      """)

  enum View: String, ExpressibleByArgument, CaseIterable {
    case coverage
    case curves
    case samples
    case topKernels = "top-kernels"
    case kernelClasses = "kernel-classes"
    case outliers

    var stored: OperatorStore.View {
      switch self {
      case .coverage: .coverage
      case .curves: .curves
      case .samples: .samples
      case .topKernels: .topKernels
      case .kernelClasses: .kernelClasses
      case .outliers: .outliers
      }
    }
  }

  @OptionGroup var database: DatabaseOptions

  @Argument(help: "What to show.")
  var view: View = .coverage

  @Option(help: "Only rows of this operator, such as gemm.")
  var `operator`: String?

  @Option(help: "The most rows to print.")
  var limit = 50

  @OptionGroup var json: JSONOptions

  mutating func validate() throws {
    guard limit > 0 else { throw UsageError("--limit must be at least 1") }
    guard self.operator == nil || view.stored.namesOperators else {
      throw UsageError("the rows of \(view.rawValue) do not name operators")
    }
  }

  mutating func execute() throws {
    let store = try database.open(.readOnly)
    let (columns, rows) = try store.values(
      ofView: view.stored, operator: self.operator.map { OperatorKind(rawValue: $0) }, limit: limit)
    if json.isWanted {
      try printJSON(ViewFile(view: view.rawValue, columns: columns, rows: rows))
    } else if rows.isEmpty {
      print("nothing in \(view.rawValue)")
    } else {
      let texts = rows.map { $0.map(\.description) }
      print(TextTable(columns: columns, rows: texts).text, terminator: "")
    }
    if rows.count == limit {
      try note("reprise: the first \(counted(limit, "row")); --limit shows more")
    }
    if rows.isEmpty, let kind = self.operator {
      let (columns, curves) = try store.rows(ofView: .curves)
      let known = columns.firstIndex(of: "operator").map { place in curves.map { $0[place] } } ?? []
      if let hint = nearestName(to: kind, among: known), hint != kind {
        try note("reprise: no row is of operator '\(kind)'; did you mean '\(hint)'?")
      }
    }
  }
}

extension TextTable {
  /// A table of text cells; columns of numbers are aligned right, long cells are cut.
  init(columns: [String], rows: [[String]], widest: Int = 60) {
    let isNumber = columns.indices.map { column in
      rows.allSatisfy { Double($0[column]) != nil || $0[column].isEmpty }
    }
    self.init(zip(columns, isNumber).map { .init($0, $1 ? .right : .left) })
    for row in rows {
      add(row.map { $0.count > widest ? $0.prefix(widest - 1) + "…" : $0 })
    }
  }
}
