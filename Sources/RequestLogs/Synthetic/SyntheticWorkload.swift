public import Operators

/// A workload that is drawn rather than recorded: client streams, each with arrivals and lengths of its own.
///
/// ```swift
/// var workload = SyntheticWorkload(seed: 7, count: 10_000)
/// workload.streams = [chat, agents]
/// var requests = try SyntheticRequests(workload)
/// while let request = requests.next() { ... }
/// ```
///
/// The same workload gives the same requests everywhere. Each purpose of each stream draws from random
/// numbers of its own, so that a stream's requests stay what they are when another is added or changed.
public struct SyntheticWorkload: Sendable, Hashable {
  /// What all random numbers follow from.
  public var seed: UInt64
  /// The streams; their names differ.
  public var streams: [ClientStream]
  /// The arrivals that streams with a share have together; nil where none has.
  public var arrivals: ArrivalProcess?
  /// It ends after so many requests.
  public var count: Int?
  /// It ends before the first request that would arrive later than this, or then.
  public var duration: Nanoseconds?
  /// How many tokens each name of a prompt's content stands for; 16, vLLM's block, by default.
  public var tokensPerContentName: Int

  /// Creates a workload. One of `count` and `duration` must be given.
  public init(
    seed: UInt64 = 0, streams: [ClientStream] = [], arrivals: ArrivalProcess? = nil,
    count: Int? = nil, duration: Nanoseconds? = nil, tokensPerContentName: Int = 16
  ) {
    self.seed = seed
    self.streams = streams
    self.arrivals = arrivals
    self.count = count
    self.duration = duration
    self.tokensPerContentName = tokensPerContentName
  }

  /// The most streams.
  public static let mostStreams = 1 << 17

  /// Says what is wrong with the parameters, in the first place where something is.
  public func validate() throws(RequestLogError) {
    try ParameterCheck.require("streams", streams.count, in: 1...Self.mostStreams)
    var names: Set<String> = []
    var hasShares = false
    for stream in streams {
      try ParameterCheck.part("streams[\(stream.name)]") { () throws(RequestLogError) in
        try stream.validate()
      }
      guard names.insert(stream.name).inserted else {
        throw .badParameter(
          name: "streams", value: "a second stream '\(stream.name)'", expected: "each its own name")
      }
      if case .share = stream.load { hasShares = true }
    }
    if hasShares, arrivals == nil {
      throw .badParameter(
        name: "arrivals", value: "none", expected: "the arrivals that streams with a share have")
    }
    try ParameterCheck.part("arrivals") { () throws(RequestLogError) in try arrivals?.validate() }
    guard hasShares || arrivals == nil else {
      throw .badParameter(
        name: "arrivals", value: "arrivals of which no stream has a share",
        expected: "a stream a share, or no arrivals")
    }
    guard count != nil || duration != nil else {
      throw .badParameter(
        name: "count", value: "a workload without end", expected: "a count or a duration")
    }
    try ParameterCheck.require("count", count ?? 1, in: 1...Int(Int32.max))
    guard (duration ?? Nanoseconds(1)) > .zero else {
      throw .badParameter(
        name: "duration", value: "\(duration?.seconds ?? 0) s", expected: "a time above 0")
    }
    try ParameterCheck.require(
      "tokensPerContentName", tokensPerContentName, in: 1...LengthDistribution.mostTokens)
  }

  /// Requests a second in the long run, all turns of sessions included; those that a session's longest
  /// context cuts off are counted. Valid workloads only.
  public var rate: Double {
    var rate = 0.0
    var shares = 0.0
    var requests = 0.0
    for stream in streams {
      switch stream.load {
      case .arrivals(let process): rate += process.rate * stream.requestsPerArrival
      case .share(let share):
        shares += share
        requests += share * stream.requestsPerArrival
      }
    }
    if let arrivals, shares > 0 { rate += arrivals.rate * requests / shares }
    return rate
  }

  /// All requests, in order of arrival.
  public func records() throws(RequestLogError) -> [RequestRecord] {
    var requests = try SyntheticRequests(self)
    var records: [RequestRecord] = []
    while let record = requests.next() { records.append(record) }
    return records
  }
}
