import Foundation
import Operators

/// Many clients of very different kinds, as ServeGen finds them in production (Xiang et al., "ServeGen:
/// Workload Characterization and Generation of Large Language Model Serving in Production", 2025): few send most
/// of the requests, each has bursts and lengths of its own, and the whole is none of the usual processes.
///
/// ```swift
/// workload.streams += try ClientMixture(name: "api", clients: 200, rate: 30).streams(seed: 7)
/// ```
public struct ClientMixture: Sendable, Hashable {
  /// Lengths that differ from client to client, and from request to request of each.
  public struct Lengths: Sendable, Hashable {
    /// The mean over all requests, in tokens.
    public var mean: Double
    /// How the clients' means scatter: a coefficient of variation, 0 to 10,000.
    public var variationOfClients: Double
    /// How a client's requests scatter about its mean: likewise.
    public var variation: Double
    /// The longest.
    public var maximum: Int

    /// Creates lengths; both scatter log-normally.
    public init(
      mean: Double, variationOfClients: Double = 1, variation: Double = 1,
      maximum: Int = LengthDistribution.mostTokens
    ) {
      self.mean = mean
      self.variationOfClients = variationOfClients
      self.variation = variation
      self.maximum = maximum
    }
  }

  /// The class of all requests; streams are named after it, with a number.
  public var name: String
  /// How many clients there are, 1 to 65,536.
  public var clients: Int
  /// Requests a second of all together.
  public var rate: Double
  /// The k-th client's rate falls as k to the power of minus this, 0 to 20; 1.2 by default.
  public var skew: Double
  /// The coefficient of variation of a client's gaps, at the median of clients, 0.01 to 100; 1 by default.
  public var medianVariation: Double
  /// The deviation of its logarithm among clients, 0 to 5; 0.5 by default.
  public var spreadOfVariation: Double
  /// Prompt tokens.
  public var input: Lengths
  /// Generated tokens.
  public var output: Lengths

  /// Creates a mixture.
  public init(
    name: String, clients: Int, rate: Double, skew: Double = 1.2, medianVariation: Double = 1,
    spreadOfVariation: Double = 0.5, input: Lengths = Lengths(mean: 1_000),
    output: Lengths = Lengths(mean: 300)
  ) {
    self.name = name
    self.clients = clients
    self.rate = rate
    self.skew = skew
    self.medianVariation = medianVariation
    self.spreadOfVariation = spreadOfVariation
    self.input = input
    self.output = output
  }

  /// Says what is wrong with the parameters.
  public func validate() throws(RequestLogError) {
    try ParameterCheck.require("clients", clients, in: 1...1 << 16)
    try ParameterCheck.rate(rate)
    try ParameterCheck.require("skew", skew, in: 0...20)
    try ParameterCheck.require("medianVariation", medianVariation, in: 0.01...100)
    try ParameterCheck.require("spreadOfVariation", spreadOfVariation, in: 0...5)
    for (part, lengths) in [("input", input), ("output", output)] {
      try ParameterCheck.part(part) { () throws(RequestLogError) in
        try ParameterCheck.require(
          "variationOfClients", lengths.variationOfClients, in: 0...ParameterCheck.highestVariation)
        try LengthDistribution.logNormal(
          mean: lengths.mean, variation: lengths.variation, maximum: lengths.maximum
        ).validate()
      }
    }
  }

  /// The clients, from the one that sends most: gamma gaps, log-normal lengths.
  ///
  /// Rates add up to ``rate``, and the clients' mean lengths, weighed by rate, to the means asked for
  /// (but for what is clamped). Those with less than a request in 31 years are left out.
  public func streams(seed: UInt64) throws(RequestLogError) -> [ClientStream] {
    try ParameterCheck.part(name) { () throws(RequestLogError) in try validate() }
    var random = RandomStream(seed: seed, name: "clients of \(name)")
    let weights = (1...clients).map { exp(-skew * log(Double($0))) }
    let sum = weights.reduce(0, +)
    let variations = weights.map { _ in
      min(medianVariation * exp(spreadOfVariation * random.normal()), 100)
    }
    let inputs = Self.means(input, weights, &random)
    let outputs = Self.means(output, weights, &random)
    // Clients that send nothing in a lifetime are none.
    let lowest = ParameterCheck.lowestRate * sum / rate
    return weights.indices.filter { weights[$0] >= lowest }.map { client in
      ClientStream(
        name: "\(name)/\(client)", requestClass: name,
        load: .arrivals(.gamma(rate: rate * weights[client] / sum, variation: variations[client])),
        input: .logNormal(mean: inputs[client], variation: input.variation, maximum: input.maximum),
        output: .logNormal(
          mean: outputs[client], variation: output.variation, maximum: output.maximum))
    }
  }

  private static func means(
    _ lengths: Lengths, _ weights: [Double], _ random: inout RandomStream
  ) -> [Double] {
    let scale = log1p(lengths.variationOfClients * lengths.variationOfClients).squareRoot()
    let drawn = weights.map { _ in exp(scale * random.normal()) }
    let mean = zip(drawn, weights).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
    return drawn.map {
      min(max(1, lengths.mean * $0 / mean), Double(LengthDistribution.mostTokens))
    }
  }
}
