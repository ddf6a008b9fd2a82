public import ArgumentParser
import Reprise

/// `reprise query`: one operator's predicted time.
struct QueryCommand: FailingCommand {
  static let configuration = CommandConfiguration(
    commandName: "query",
    abstract: "Predict one operator's time, and say what the prediction rests on.",
    discussion: """
      Sizes are NAME=NUMBER, the operator's axes and attributes together, in brackets those that may be left out:
      \(sizesOfKinds)
      'tokens' may be written 'm'; of attention, prompts (prefillTokens), decodes (decodeSequences) or both are \
      given. With --json prints an object as TraceSchemas/prediction.schema.json \
      describes it, with the samples where --explain asks for them.

        reprise query --db lat.sqlite gemm m=128 n=4096 k=4096 --device h100-sxm --explain
      """)

  /// Every kind that can be predicted with the names of its sizes, a line each; those of the same sizes together.
  private static let sizesOfKinds: String = {
    var lines: [(sizes: String, kinds: [String])] = []
    for kind in OperatorKind.known {
      guard let names = kind.attributeNames else { continue }
      let sizes = kind.axes + names.required
      let text =
        sizes.joined(separator: " ")
        + (names.optional.isEmpty ? "" : " [\(names.optional.joined(separator: " "))]")
      if let place = lines.firstIndex(where: { $0.sizes == text }) {
        lines[place].kinds.append(kind.rawValue)
      } else {
        lines.append((text, [kind.rawValue]))
      }
    }
    return lines.map { "  \($0.kinds.joined(separator: ", ")): \($0.sizes)" }
      .joined(separator: "\n")
  }()

  @OptionGroup var database: DatabaseOptions

  @Argument(help: "The operator.")
  var kind: String

  @Argument(help: "Its sizes as NAME=NUMBER.")
  var sizes: [String]

  @Option(name: .customLong("dtype"), help: "The type of its inputs.")
  var dataType: DataType = .bfloat16

  @Option(help: "The device, by the name that sources or data sheets give it.")
  var device: String

  @Option(
    help: """
      The software whose measurements price it, such as 'vLLM' or 'vLLM 0.24.0'; what it did not measure \
      of the kind is priced by others.
      """)
  var runtime: String?

  @Flag(help: "Show the samples that the prediction rests on, and how much each counts.")
  var explain = false

  @OptionGroup var json: JSONOptions

  mutating func execute() throws {
    let sheet = try dataSheet(named: device)
    var (op, point) = try operatorAndPoint()
    // What a replay would load, so that both borrow from the same curves.
    let asked =
      Self.anyModel.askedOperators(Precision(serving: op.dataType ?? dataType))
      + [op, op.withoutDefaults] + [op.withoutDefaults.withoutOptions].compactMap(\.self)
    let known = try database.open(.readOnly).evidence(for: asked, on: sheet, by: runtime)
    if !known.curves.contains(where: { $0.operator == op }) { op = op.withoutDefaults }
    let model = CostModel(curves: known.curves, on: sheet, relatives: known.relatives)
    guard let prediction = model.predict(op, at: point, explains: explain) else {
      throw Failure(.usage, "operator '\(kind)' cannot be predicted: its work is not known")
    }
    guard prediction.nanoseconds < Self.longest else {
      throw Failure(
        .usage, "\(op) \(op.text(of: point)) would take more than a year; are its sizes right?")
    }
    let notes = notes(op, known.curves, sheet, prediction.evidence)
    guard !json.isWanted else {
      try printJSON(
        PredictionFile(
          prediction, of: op, at: point, on: sheet.name, notes: notes, explains: explain))
      return
    }
    print(prediction.text(of: op, at: point, on: sheet))
    for note in notes { print("  \(note)") }
    if explain { print(prediction.supportText(on: sheet), terminator: "") }
  }

  /// A dense decoder: which kinds and attributes it asks for does not depend on its sizes.
  private static let anyModel = ModelArchitecture(
    name: "", hiddenSize: 64, intermediateSize: 64, layers: 1, heads: 2, kvHeads: 2,
    vocabularySize: 64)

  /// Beyond, in nanoseconds, a size was surely written wrong.
  private static let longest = 365.25 * 86_400 * 1e9

  private func operatorAndPoint() throws -> (Operator, AxisPoint) {
    let kind = OperatorKind(rawValue: self.kind)
    let axes = kind.axes
    guard !axes.isEmpty else {
      let hint = nearestName(to: self.kind, among: OperatorKind.known.map(\.rawValue))
      throw Failure(
        .usage,
        "operator '\(self.kind)' is not known; \(hint.map { "did you mean '\($0)'? " } ?? "")"
          + "'reprise help query' lists them")
    }
    var values = [Int](repeating: 0, count: 5)
    var seen: Set<String> = []
    var attributes: [String: Int] = [:]
    let limit = axes == ["bytes"] ? 1_000_000_000_000 : 1_000_000_000
    for size in sizes {
      let parts = size.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let value = Int(parts[1]), (0...limit).contains(value)
      else {
        throw Failure(.usage, "size '\(size)' is not NAME=NUMBER with a number from 0 to \(limit)")
      }
      let name = parts[0] == "m" ? "tokens" : String(parts[0])
      guard seen.insert(name).inserted else {
        throw Failure(.usage, "size '\(name)' is given twice")
      }
      if let axis = axes.firstIndex(of: name) {
        values[axis] = value
      } else {
        attributes[name] = value
      }
    }
    let names = kind.attributeNames
    if let names, let extra = attributes.keys.sorted().first(where: { !names.all.contains($0) }) {
      let known = (axes + names.all).joined(separator: ", ")
      throw Failure(.usage, "\(self.kind) has no size '\(extra)'; it has \(known)")
    }
    let point = AxisPoint(values[0], values[1], values[2], values[3], values[4])
    if let problem = point.contradiction(of: kind) { throw Failure(.usage, problem) }
    for name in names?.required ?? [] where attributes[name, default: 0] < 1 {
      throw Failure(.usage, "\(self.kind) needs \(name)=NUMBER, at least 1")
    }
    let op = Operator(kind, dataType: dataType, attributes)
    if kind.isCollective, attributes["ranks"] == 1 {
      throw Failure(.usage, "\(self.kind): one rank exchanges nothing; ranks is at least 2")
    }
    if let problem = op.contradiction { throw Failure(.usage, "\(self.kind): \(problem)") }
    return (op, point)
  }

  /// What else a user should know of the price.
  private func notes(
    _ op: Operator, _ curves: [MeasuredCurve], _ sheet: Device, _ evidence: Evidence
  ) -> [String] {
    var notes: [String] = []
    let own = curves.filter { $0.operator == op }
    let like = curves.filter {
      $0.operator.kind == op.kind && $0.operator.dataType == op.dataType
        && $0.operator.attributes.keys == op.attributes.keys
    }
    let software = Set((own.isEmpty ? like : own).map(\.runtime)).sorted()
    if runtime == nil, software.count > 1 {
      notes.append(
        "measured by \(software.count) programs; --runtime chooses: \(software.joined(separator: ", "))"
      )
    }
    // What was measured over several nodes has what lies between them in it.
    if let link = sheet.link, let ranks = op.attributes["ranks"], ranks > link.devices,
      op.attributes["nodes", default: 1] == 1 || evidence >= .borrowed
    {
      notes.append(
        "\(link.name) joins \(link.devices) devices: what lies between them and the others of \(ranks) is "
          + "not in this price")
    }
    return notes
  }
}

extension DataType: ExpressibleByArgument {}
