import Operators
import RequestLogs
import Yams

extension SyntheticWorkload {
  /// Reads a workload.
  init(_ reader: MappingReader, seed: UInt64) throws(ScenarioError) {
    self.init(
      seed: seed, arrivals: try reader.arrivals("arrivals"), count: try reader.integer("requests"),
      duration: try reader.number("for_s").map(Nanoseconds.init(seconds:)))
    tokensPerContentName =
      try reader.integer("tokens_per_content_name") ?? tokensPerContentName
    for stream in try reader.mappings("streams", what: "a stream") {
      streams.append(try ClientStream(stream))
    }
    for mixture in try reader.mappings("mixtures", what: "a mixture") {
      let clients = try ClientMixture(mixture)
      guard streams.count + clients.clients <= Self.mostStreams else {
        throw mixture.error(
          "clients", "makes more than \(Self.mostStreams) streams, all together; take fewer")
      }
      do throws(RequestLogError) {
        streams += try clients.streams(seed: seed)
      } catch {
        throw ScenarioError(path: mixture.path, line: mixture.line, message: "\(error)")
      }
    }
  }
}

extension ClientStream {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    let own = try reader.arrivals("arrivals")
    let share = try reader.number("share")
    let load: Load
    switch (own, share) {
    case (let own?, nil): load = .arrivals(own)
    case (nil, let share?): load = .share(share)
    case (nil, nil):
      throw ScenarioError(
        path: reader.path, line: reader.line,
        message: "a stream needs 'share', of the workload's 'arrivals', or 'arrivals' of its own")
    default:
      throw ScenarioError(
        path: reader.path, line: reader.line(of: "share"),
        message: "'share' has no effect beside 'arrivals'; leave one of them out")
    }
    self.init(
      name: try reader.text("name") ?? "", requestClass: try reader.text("class"), load: load,
      input: try reader.lengths("input"), output: try reader.lengths("output"),
      prefixes: try reader.mapping("prefixes", what: "a 'prefixes'").map(SharedPrefixes.init),
      sessions: try reader.mapping("sessions", what: "a 'sessions'").map(SessionShape.init))
    priority = try reader.integer("priority") ?? priority
  }
}

extension SharedPrefixes {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(count: try reader.integer("count") ?? 1, tokens: try reader.integer("tokens") ?? 1)
    exponent = try reader.number("exponent") ?? exponent
  }
}

extension SessionShape {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(
      meanTurns: try reader.number("mean_turns") ?? 1,
      meanThinkTime: try reader.number("mean_think_s") ?? 0)
    thinkTimes = try reader.gaps("think") ?? thinkTimes
    growsContext = try reader.boolean("grows_context") ?? growsContext
    maximumContext = try reader.integer("max_context") ?? maximumContext
  }
}

extension ClientMixture {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(
      name: try reader.text("name") ?? "", clients: try reader.integer("clients") ?? 1,
      rate: try reader.number("rate") ?? 1)
    skew = try reader.number("skew") ?? skew
    medianVariation = try reader.number("median_cv") ?? medianVariation
    spreadOfVariation = try reader.number("cv_spread") ?? spreadOfVariation
    input = try reader.mapping("input", what: "an 'input'").map(Lengths.init) ?? input
    output = try reader.mapping("output", what: "an 'output'").map(Lengths.init) ?? output
  }
}

extension ClientMixture.Lengths {
  fileprivate init(_ reader: MappingReader) throws(ScenarioError) {
    self.init(mean: try reader.number("mean") ?? 1)
    variationOfClients = try reader.number("client_cv") ?? variationOfClients
    variation = try reader.number("cv") ?? variation
    maximum = try reader.integer("max") ?? maximum
  }
}

// MARK: Distributions

extension MappingReader {
  /// When requests arrive.
  fileprivate func arrivals(_ name: String) throws(ScenarioError) -> ArrivalProcess? {
    guard let node = node(name) else { return nil }
    let (form, reader) = try ArrivalForm.read(
      node, what: "'\(name)'", default: nil, path: path)
    let rate = try reader.number("rate") ?? 1
    switch form {
    case .poisson: return .poisson(rate: rate)
    case .uniform: return .uniform(rate: rate)
    case .normal: return .normal(rate: rate, variation: try reader.number("cv") ?? 0)
    case .gamma: return .gamma(rate: rate, variation: try reader.number("cv") ?? 0)
    case .weibull:
      return .renewal(rate: rate, gaps: .weibull(shape: try reader.number("shape") ?? 1))
    case .markov:
      var states: [ArrivalProcess.MarkovState] = []
      for state in try reader.mappings("states", what: "a state") {
        states.append(
          ArrivalProcess.MarkovState(
            rate: try state.number("rate") ?? 0, meanDwell: try state.number("dwell_s") ?? 1))
      }
      return .markovModulated(states)
    case .diurnal:
      return .diurnal(
        rate: rate, amplitude: try reader.number("amplitude") ?? 0,
        period: try reader.number("period_s") ?? 1, phase: try reader.number("phase") ?? 0)
    case .bursty: return .sineFourth(rate: rate, period: try reader.number("period_s") ?? 1)
    case .windows:
      var windows: [ArrivalProcess.RateWindow] = []
      for window in try reader.mappings("windows", what: "a window") {
        windows.append(
          ArrivalProcess.RateWindow(
            duration: try window.number("for_s") ?? 1, rate: try window.number("rate") ?? 0,
            gaps: try window.gaps("gaps") ?? .exponential))
      }
      return .windows(windows, repeats: try reader.boolean("repeats") ?? true)
    }
  }

  /// How gaps scatter.
  fileprivate func gaps(_ name: String) throws(ScenarioError) -> GapDistribution? {
    guard let node = node(name) else { return nil }
    let (form, reader) = try GapForm.read(node, what: "'\(name)'", default: nil, path: path)
    switch form {
    case .constant: return .constant
    case .exponential: return .exponential
    case .normal: return .normal(variation: try reader.number("cv") ?? 0)
    case .gamma: return .gamma(variation: try reader.number("cv") ?? 0)
    case .weibull: return .weibull(shape: try reader.number("shape") ?? 1)
    }
  }

  /// How many tokens; a key that is required.
  fileprivate func lengths(_ name: String) throws(ScenarioError) -> LengthDistribution {
    guard let node = node(name), case .forms(_, let number?) = kind(name) else {
      throw error(name, "is missing")
    }
    if node.scalar != nil {
      guard let text = plain(node), let tokens = Int(text), number.kind.allows(Double(tokens))
      else { throw error(name, number.kind.numberRule + ", or has a 'kind'") }
      return .constant(tokens)
    }
    let (form, reader) = try LengthForm.read(node, what: "'\(name)'", default: nil, path: path)
    let most = LengthDistribution.mostTokens
    switch form {
    case .constant: return .constant(try reader.integer("tokens") ?? 1)
    case .uniform:
      return .uniform(
        minimum: try reader.integer("min") ?? 1, maximum: try reader.integer("max") ?? most)
    case .normal:
      return .normal(
        mean: try reader.number("mean") ?? 1, variation: try reader.number("cv") ?? 0,
        maximum: try reader.integer("max") ?? most)
    case .lognormal:
      return .logNormal(
        mean: try reader.number("mean") ?? 1, variation: try reader.number("cv") ?? 0,
        maximum: try reader.integer("max") ?? most)
    case .zipf:
      return .zipf(
        minimum: try reader.integer("min") ?? 1, maximum: try reader.integer("max") ?? most,
        exponent: try reader.number("exponent") ?? 0)
    case .pareto:
      return .pareto(
        minimum: try reader.integer("min") ?? 1, maximum: try reader.integer("max") ?? most,
        shape: try reader.number("shape") ?? 1)
    case .measured: return .empirical(try reader.weightedLengths())
    }
  }

  private func weightedLengths() throws(ScenarioError) -> [LengthDistribution.WeightedLength] {
    let tokens = try integers("tokens") ?? []
    guard let weights = try numbers("weights") else {
      return tokens.map { LengthDistribution.WeightedLength(tokens: $0) }
    }
    guard weights.count == tokens.count else {
      throw error("weights", "has one number for each of 'tokens' (\(tokens.count))")
    }
    return zip(tokens, weights).map {
      LengthDistribution.WeightedLength(tokens: $0.0, weight: $0.1)
    }
  }
}
