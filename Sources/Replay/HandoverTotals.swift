public import Operators

/// What handing requests from prefill to decode engines cost.
public struct HandoverTotals: Sendable, Hashable, Codable {
  /// Requests whose keys and values have come.
  public var requests = 0
  /// Bytes that travelled.
  public var bytes: Double = 0
  /// From the memory's being there to the last byte's coming, waiting for links included, summed over
  /// requests.
  public var transferTime = Nanoseconds.zero
  /// The longest of these.
  public var longestTransfer = Nanoseconds.zero
  /// From the first token to the decode engine's having memory, summed over requests.
  public var memoryQueueTime = Nanoseconds.zero
  /// The longest of these.
  public var longestMemoryQueue = Nanoseconds.zero
  /// Whole requests that went to decode engines.
  public var convertedRequests = 0

  enum CodingKeys: String, CodingKey {
    case requests, bytes
    case transferTime = "transfer_ns"
    case longestTransfer = "longest_transfer_ns"
    case memoryQueueTime = "memory_queue_ns"
    case longestMemoryQueue = "longest_memory_queue_ns"
    case convertedRequests = "converted_requests"
  }

  /// Totals of nothing.
  public init() {}
}

/// The keys and values of one request on their way to the engine that decodes it.
public struct HandoverRecord: Sendable, Hashable {
  /// The request's row.
  public var request: Int32
  /// The engine that prefilled it.
  public var source: Int32
  /// The engine that decodes it.
  public var target: Int32
  /// When it had memory there, and waited for the links.
  public var start: Nanoseconds
  /// When the last byte had come.
  public var end: Nanoseconds
  /// How many there were.
  public var bytes: Double
}
