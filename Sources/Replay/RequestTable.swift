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
public struct RequestTable: Sendable {
  /// Arrival of each request, in nanoseconds since the origin of the log's clock.
  public private(set) var arrivals: [Int64] = []
  /// Prompt tokens of each request.
  public private(set) var inputTokens: [Int32] = []
  /// Tokens that each request generates.
  public private(set) var outputTokens: [Int32] = []
  /// Priority of each request; see ``RequestLogs/RequestRecord/priority``.
  var priorities: [Int32] = []

  /// Where each request's part of ``chain`` begins.
  var chainStarts: [Int] = []
  /// How many tokens each name of a request stands for.
  var tokensPerName: [Int32] = []
  /// Hashes of each request's beginnings, up to and with each of its content names.
  var chain: [UInt64] = []

  /// Creates an empty table.
  public init() {}

  /// Creates a table of these records.
  public init(_ records: some Sequence<RequestRecord>) {
    for record in records { append(record) }
  }

  /// How many requests there are.
  public var count: Int { arrivals.count }

  /// Adds a request after the others.
  public mutating func append(_ record: RequestRecord) {
    arrivals.append(record.arrival.rawValue)
    inputTokens.append(Int32(clamping: max(0, record.inputTokens)))
    outputTokens.append(Int32(clamping: max(0, record.outputTokens)))
    priorities.append(Int32(clamping: record.priority))
    chainStarts.append(chain.count)
    tokensPerName.append(Int32(clamping: max(1, record.tokensPerContentName)))
    var hash: UInt64 = 0x2545_f491_4f6c_dd1d
    for name in record.content {
      hash = BlockContent.mix(hash, name)
      chain.append(hash)
    }
  }

  /// Moves all arrivals so that none is before zero; returns by how much.
  ///
  /// A log whose first row is not its earliest has arrivals before its origin.
  @discardableResult
  public mutating func moveToOrigin() -> Nanoseconds {
    guard let earliest = arrivals.min(), earliest < 0 else { return .zero }
    for index in arrivals.indices {
      arrivals[index] = (Nanoseconds(arrivals[index]) - Nanoseconds(earliest)).rawValue
    }
    return .zero - Nanoseconds(earliest)
  }

  /// What the blocks of a request hold.
  func content(of request: Int) -> BlockContent {
    let end = request + 1 < chainStarts.count ? chainStarts[request + 1] : chain.count
    return BlockContent(
      chainStart: chainStarts[request], chainCount: Int32(clamping: end - chainStarts[request]),
      tokensPerName: tokensPerName[request], request: Int32(truncatingIfNeeded: request))
  }

  /// Requests in the order of arrival; those that arrive together in log order.
  var arrivalOrder: [Int32] {
    let order = (0..<Int32(clamping: count)).map { $0 }
    var sorted = true
    for index in 1..<max(1, count) where arrivals[index] < arrivals[index - 1] { sorted = false }
    guard !sorted else { return order }
    return order.sorted { (arrivals[Int($0)], $0) < (arrivals[Int($1)], $1) }
  }
}
