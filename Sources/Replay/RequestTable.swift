public import Operators
public import RequestLogs

/// The requests of a replay, one column a property: filled one record at a time, in log order.
///
///     var requests = RequestTable()
///     for record in records { requests.append(record) }
///
/// Content names are flattened into one array, each replaced by the hash of everything up to it,
/// which is all that prefix caching asks. Lengths beyond 2³¹ − 1 tokens are clamped, and rejected
/// by every engine for their length.
///
/// Sessions, clients and deadlines come with a workload: ``init(_:)-(ReplayWorkload)``, ``take(_:)``.
public struct RequestTable: Sendable {
  /// Arrival of each request, in nanoseconds since the origin of the log's clock.
  public private(set) var arrivals: [Int64] = []
  /// Prompt tokens of each request.
  public private(set) var inputTokens: [Int32] = []
  /// Tokens that each request generates.
  public private(set) var outputTokens: [Int32] = []
  /// Priority of each request; see ``RequestLogs/RequestRecord/priority``.
  var priorities: [Int32] = []

  /// After what time from its arrival each request's client gives up; empty where none does.
  var patience: [Int64] = []
  /// Who waits for whom; nil where nobody does.
  var turns: SessionTurns?
  /// How many clients send the requests; nil where they come at their recorded times.
  var clients: Int?
  /// The pause of a client between two sessions.
  var clientThinkTime = Nanoseconds.zero

  /// Where each request's part of ``chain`` begins.
  var chainStarts: [Int] = []
  /// How many tokens each name of a request stands for.
  var tokensPerName: [Int32] = []
  /// Hashes of each request's beginnings, up to and with each of its content names.
  var chain: [UInt64] = []
  /// The number that each row has in the whole log, where this is a part of it; else nil.
  private var numbers: [Int32]?
  /// The number of the first row that is still here; only a stream's table lets rows go.
  private(set) var firstRow = 0
  /// The latest arrival of a stream so far, of rows that are gone, too.
  private var latestArrival = Int64.min

  /// Creates an empty table.
  public init() {}

  /// Creates a table of these records, each of which arrives at its own time.
  public init(_ records: some Sequence<RequestRecord>) {
    for record in records { append(record) }
  }

  /// How many requests there are.
  public var count: Int { arrivals.count }

  /// The number after the last row's.
  var endRow: Int { firstRow + arrivals.count }

  /// Adds a request after the others.
  public mutating func append(_ record: RequestRecord) {
    if let cancelled = record.cancelled {
      if patience.isEmpty { patience = Array(repeating: .max, count: count) }
      patience.append(max(0, cancelled.rawValue))
    } else if !patience.isEmpty {
      patience.append(.max)
    }
    arrivals.append(record.arrival.rawValue)
    inputTokens.append(Int32(clamping: max(0, record.inputTokens)))
    outputTokens.append(Int32(clamping: max(0, record.outputTokens)))
    priorities.append(Int32(clamping: record.priority))
    chainStarts.append(chain.count)
    tokensPerName.append(Int32(clamping: max(1, record.tokensPerContentName)))
    var hash = BlockContent.origin
    for name in record.content {
      hash = BlockContent.mix(hash, name)
      chain.append(hash)
    }
  }

  /// Moves all arrivals so that the first is at zero; returns by how much.
  ///
  /// A log's clock may begin with an epoch, or with a row that is not its earliest; what a replay counts from its
  /// beginning, as a warm-up, would be lost in between.
  @discardableResult
  public mutating func moveToOrigin() -> Nanoseconds {
    guard let earliest = arrivals.min(), earliest != 0 else { return .zero }
    for index in arrivals.indices {
      arrivals[index] = (Nanoseconds(arrivals[index]) - Nanoseconds(earliest)).rawValue
    }
    return .zero - Nanoseconds(earliest)
  }

  /// What the blocks of a row's request hold.
  func content(of row: Int) -> BlockContent {
    let index = row - firstRow
    let end = index + 1 < chainStarts.count ? chainStarts[index + 1] : chain.count
    return BlockContent(
      chainStart: chainStarts[index], chainCount: Int32(clamping: end - chainStarts[index]),
      tokensPerName: tokensPerName[index],
      request: numbers?[index] ?? Int32(truncatingIfNeeded: row))
  }

  /// Whether ends of requests cause arrivals.
  package var isCoupled: Bool { turns != nil || clients != nil }

  /// Whether requests stand in the order of their arrival.
  var isInOrder: Bool {
    for index in 1..<max(1, count) where arrivals[index] < arrivals[index - 1] { return false }
    return true
  }

  /// Requests in the order of arrival; those that arrive together in log order.
  var arrivalOrder: [Int32] {
    let order = (0..<Int32(clamping: count)).map { $0 }
    guard !isInOrder else { return order }
    return order.sorted { (arrivals[Int($0)], $0) < (arrivals[Int($1)], $1) }
  }
}

// MARK: - Sharing

extension RequestTable {
  /// Of each request, the tokens of its beginning that another one has, too: more of it no prefix cache can hold
  /// before the request is computed.
  ///
  /// - Complexity: O(content names).
  package var sharedTokens: [Int32] {
    /// The row that has a beginning, or -1 for several.
    var owners: [UInt64: Int32] = [:]
    let contents = (firstRow..<endRow).map(content)
    func names(of content: BlockContent) -> ArraySlice<UInt64> {
      chain[content.chainStart..<(content.chainStart + Int(content.chainCount))]
    }
    for (row, content) in contents.enumerated() {
      for name in names(of: content) {
        owners[name] = owners[name] == nil ? Int32(truncatingIfNeeded: row) : -1
      }
    }
    return contents.map { content in
      let shared = names(of: content).lazy.prefix { owners[$0] == -1 }.count
      return Int32(clamping: shared * Int(content.tokensPerName))
    }
  }
}

// MARK: - Workloads

extension RequestTable {
  /// Creates a table of a workload whose records have their content.
  public init(_ workload: ReplayWorkload) {
    self.init(workload.records)
    follow(workload)
  }

  /// Makes a table of a whole log that of a workload of the same log: its rows, its arrivals, and who waits
  /// for whom. Content stays, which the workload's records need not have.
  public mutating func take(_ workload: ReplayWorkload) {
    precondition(workload.logCount == count, "a workload of another log")
    guard workload.options.changesRecords || workload.rows.count < count else {
      return follow(workload)
    }
    var selected = RequestTable()
    for (row, record) in zip(workload.rows, workload.records) {
      let content = content(of: row)
      var bare = record
      bare.content = []
      bare.tokensPerContentName = Int(content.tokensPerName)
      selected.append(bare)
      selected.chain += chain[content.chainStart..<(content.chainStart + Int(content.chainCount))]
    }
    self = selected
    follow(workload)
  }

  private mutating func follow(_ workload: ReplayWorkload) {
    turns = workload.turns
    clients = workload.options.clients.map { max(1, $0) }
    clientThinkTime = max(.zero, workload.options.thinkTime)
  }
}

// MARK: - Parts

extension RequestTable {
  /// A table of some of the rows, which keep the numbers that they have here.
  func selecting(_ rows: [Int32]) -> RequestTable {
    var part = RequestTable()
    part.arrivals = rows.map { arrivals[Int($0)] }
    part.inputTokens = rows.map { inputTokens[Int($0)] }
    part.outputTokens = rows.map { outputTokens[Int($0)] }
    part.priorities = rows.map { priorities[Int($0)] }
    part.tokensPerName = rows.map { tokensPerName[Int($0)] }
    if !patience.isEmpty { part.patience = rows.map { patience[Int($0)] } }
    part.chainStarts.reserveCapacity(rows.count)
    for row in rows {
      let content = content(of: Int(row))
      part.chainStarts.append(part.chain.count)
      part.chain += chain[content.chainStart..<(content.chainStart + Int(content.chainCount))]
    }
    part.numbers = rows
    return part
  }
}

// MARK: - Streams

extension RequestTable {
  /// Adds a request of a stream, which arrives no earlier than the one before it.
  mutating func stream(_ record: RequestRecord) {
    append(record)
    latestArrival = max(latestArrival, record.arrival.rawValue)
    arrivals[arrivals.count - 1] = latestArrival
  }

  /// Lets the first rows go; their content stays, as blocks may still be named by it.
  mutating func dropFirst(_ count: Int) {
    arrivals.removeFirst(count)
    inputTokens.removeFirst(count)
    outputTokens.removeFirst(count)
    priorities.removeFirst(count)
    chainStarts.removeFirst(count)
    tokensPerName.removeFirst(count)
    if !patience.isEmpty { patience.removeFirst(count) }
    firstRow += count
  }
}
