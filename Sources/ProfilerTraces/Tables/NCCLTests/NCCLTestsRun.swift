import Operators
import TraceIO

/// One run of one program, while its lines are read.
struct NCCLTestsRun {
  /// The library's name: `NCCL` or `RCCL`.
  private(set) var library = "NCCL"
  /// The library's version, such as `2.20.5`; may be empty.
  private(set) var version = ""
  /// The name of all devices, or nil where they differ or are not listed.
  private(set) var device: String?
  /// Whether the collectives were launched as a graph.
  private(set) var usesGraph = false

  private var named: OperatorKind?
  private var columns: NCCLTestsColumns?
  private var rows: [NCCLTestsRow?] = []
  private var iterations = 1
  private var highestRank = -1
  private var hosts: Set<String> = []
  private var devices: Set<String> = []

  /// The most ranks of a run that are believed.
  private static let mostRanks = 65_536

  /// Whether a row has been read.
  var hasRows: Bool { !rows.isEmpty }

  /// The same run before its rows.
  var withoutRows: Self {
    var run = self
    run.rows = []
    return run
  }

  /// Takes in a line; returns whether it is a row.
  mutating func take(_ line: NCCLTestsLine) -> Bool {
    named = line.perfName ?? named
    takeVersion(line)
    guard line.isComment else {
      guard let columns, let first = line.words.first, first.allSatisfy(\.isNumber) else {
        return false
      }
      rows.append(columns.row(line.words))
      return true
    }
    if let columns = NCCLTestsColumns(line) {
      self.columns = columns
    } else if line.comment.first == "Rank" {
      takeRank(line)
    } else if line.comment.contains("nThread") {
      takeSettings(line)
    }
    return false
  }

  private mutating func takeVersion(_ line: NCCLTestsLine) {
    let words = line.words
    guard let place = words.firstIndex(where: { $0 == "NCCL" || $0 == "RCCL" }),
      place + 2 < words.count, words[place + 1] == "version"
    else {
      let mark = "nccl-library="
      guard line.isComment, let word = words.first(where: { $0.hasPrefix(mark) }),
        let code = Int(word.dropFirst(mark.count)), code > 20_000, code < 1_000_000
      else { return }
      version = "\(code / 10_000).\(code / 100 % 100).\(code % 100)"
      return
    }
    library = String(words[place])
    let number = words[words[place + 2] == ":" ? min(place + 3, words.count - 1) : place + 2]
    version = String(number.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }.prefix(32))
  }

  private mutating func takeRank(_ line: NCCLTestsLine) {
    guard let rank = line.value(after: "Rank").flatMap({ Int($0) }),
      (0..<Self.mostRanks).contains(rank)
    else { return }
    highestRank = max(highestRank, rank)
    // A substring would keep its whole line.
    if let host = line.value(after: "on"), hosts.count < Self.mostRanks {
      hosts.insert(String(host.prefix(255)))
    }
    let name = line.lastText.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    if !name.isEmpty, devices.count < 16 { devices.insert(String(name.prefix(128))) }
    device = devices.count == 1 ? devices.first : nil
  }

  private mutating func takeSettings(_ line: NCCLTestsLine) {
    usesGraph = line.value(after: "graph:").flatMap { Int($0) } ?? 0 > 0
    let words = line.words
    for index in words.indices.dropFirst().dropLast()
    where words[index] == "iters:" && words[index - 1] != "warmup" && words[index - 1] != "agg" {
      iterations = min(max(1, Int(words[index + 1]) ?? 1), MeasuredTimes.mostMeasurements)
    }
  }

  // MARK: What was measured

  /// The collective and its group, or an error that says what the output leaves open.
  func collective(
    _ options: ImportOptions, path: String
  ) throws(ProfilerTraceError) -> (kind: OperatorKind, ranks: Int, nodes: Int) {
    let listed = highestRank >= 0 ? highestRank + 1 : nil
    let fitting = candidates.filter { ranks(of: $0, listed) != nil }
    guard let kind = options.collective ?? named ?? (fitting.count == 1 ? fitting[0] : nil) else {
      throw .missingInformation(
        path: path,
        what: "does not say which collective was run; give it with --operator, one of "
          + CollectiveName.names.joined(separator: ", "))
    }
    guard let ranks = ranks(of: kind, listed) else {
      throw .missingInformation(
        path: path,
        what: listed.map { "its bandwidths are not those of \(kind) over \($0) ranks" }
          ?? "does not list its ranks, and the bandwidths of \(kind) do not tell them")
    }
    guard ranks > 1 else {
      throw .missingInformation(path: path, what: "was run on one rank: nothing was sent")
    }
    return (kind, ranks, max(1, hosts.count))
  }

  /// Every row's measurements as records.
  func samples(
    _ collective: (kind: OperatorKind, ranks: Int, nodes: Int), _ options: ImportOptions
  ) -> [Result<OperatorSample, Rejection>] {
    rows.flatMap { row -> [Result<OperatorSample, Rejection>] in
      guard let row else { return [.failure(Rejection(reason: .badValue))] }
      let op = CollectiveName.operator(
        collective.kind, Self.dataTypes[row.type], ranks: collective.ranks,
        nodes: collective.nodes)
      return row.placements.enumerated().map { index, placement in
        if row.size == 0 { return .failure(Rejection(reason: .noWork)) }
        if placement.isWrong { return .failure(Rejection(reason: .wrongResult)) }
        return MeasuredPoint(
          operator: op, point: AxisPoint(row.size), label: index == 0 ? "out of place" : "in place",
          times: MeasuredTimes(
            count: iterations, mean: TimeUnit.microseconds.nanoseconds(placement.time))
        ).sample(options)
      }
    }
  }

  private static let dataTypes: [String: DataType] = [
    "float": .float32, "half": .float16, "bfloat16": .bfloat16, "int8": .int8, "uint8": .int8,
    "char": .int8, "fp8_e4m3": .float8, "fp8_e5m2": .float8, "f8e4m3": .float8, "f8e5m2": .float8,
  ]

  /// The collectives that the columns `redop` and `root` leave possible.
  private var candidates: [OperatorKind] {
    guard let row = rows.lazy.compactMap({ $0 }).first else { return [] }
    let hasRoot = row.root.map { $0 >= 0 }
    if row.reduces {
      return hasRoot == true
        ? [.reduce] : [.allReduce, .reduceScatter] + (hasRoot == nil ? [.reduce] : [])
    }
    return hasRoot == true
      ? [.broadcast]
      : [.allGather, .allToAll, .sendReceive] + (hasRoot == nil ? [.broadcast] : [])
  }

  /// The number of ranks with which both bandwidths agree: the listed one, or the only one that does.
  private func ranks(of kind: OperatorKind, _ listed: Int?) -> Int? {
    let fastest = rows.lazy.compactMap { $0?.placements.first }
      .filter { $0.algorithm.isFinite && $0.bus.isFinite }.max { $0.algorithm < $1.algorithm }
    guard let fastest, fastest.algorithm > 0 else { return listed }
    // Both are rounded to hundredths.
    func agrees(_ ranks: Int) -> Bool {
      let factor = Self.factor(kind, Double(ranks))
      return abs(factor * fastest.algorithm - fastest.bus) <= 0.006 * (1 + factor)
    }
    if let listed { return agrees(listed) ? listed : nil }
    let fitting = (2...1024).filter(agrees)
    return fitting.count == 1 ? fitting[0] : nil
  }

  /// Bus bandwidth over algorithm bandwidth (nccl-tests, `doc/PERFORMANCE.md`).
  private static func factor(_ kind: OperatorKind, _ ranks: Double) -> Double {
    switch kind {
    case .allReduce: 2 * (ranks - 1) / ranks
    case .allGather, .reduceScatter, .allToAll: (ranks - 1) / ranks
    default: 1
    }
  }
}
