import Operators

/// A conversation that is going on, or a single request.
struct SyntheticSession {
  /// Its stream's place.
  var stream: Int
  /// Its number among those of its stream.
  var number: UInt64
  /// The shared beginning of its prompts; 0 where they have none.
  var prefix = 0
  /// Tokens that the next prompt repeats.
  var context = 0
  /// Turns so far.
  var turns = 0
  /// The pause before the next turn.
  var pause: Nanoseconds?
}

/// Draws the requests of one stream.
struct StreamState {
  private let stream: ClientStream
  private let input: LengthSampler
  private let output: LengthSampler
  private let prefix: ZipfSampler?
  private let tokensPerContentName: Int
  /// What tells its content from that of other streams, and of other seeds.
  private let key: UInt64
  private var inputs: RandomStream
  private var outputs: RandomStream
  private var prefixes: RandomStream
  private var turns: RandomStream
  private var pauses: RandomStream
  private var sessions: UInt64 = 0

  init(_ stream: ClientStream, seed: UInt64, tokensPerContentName: Int) {
    self.stream = stream
    self.tokensPerContentName = tokensPerContentName
    input = LengthSampler(stream.input)
    output = LengthSampler(stream.output)
    prefix = stream.prefixes.map { ZipfSampler(count: $0.count, exponent: $0.exponent) }
    func random(_ purpose: String) -> RandomStream {
      RandomStream(seed: seed, name: "\(purpose) of \(stream.name)")
    }
    inputs = random("inputs")
    outputs = random("outputs")
    prefixes = random("prefixes")
    turns = random("turns")
    pauses = random("pauses")
    var content = random("content")
    key = content.next()
  }

  mutating func begin(_ stream: Int) -> SyntheticSession {
    var session = SyntheticSession(stream: stream, number: sessions)
    sessions += 1
    if let prefix, let shared = self.stream.prefixes {
      session.prefix = prefix.draw(&prefixes)
      session.context = shared.tokens
    }
    return session
  }

  /// Makes the next turn, and says whether another follows it. There is none where the prompt would be
  /// longer than a session may be.
  mutating func turn(_ session: inout SyntheticSession) -> (
    record: RequestRecord?, continues: Bool
  ) {
    let longest = stream.sessions?.maximumContext ?? LengthDistribution.mostTokens
    var input = session.context + self.input.draw(&inputs)
    let output = self.output.draw(&outputs)
    if input + output > longest {
      // A first turn is cut instead, so that each arrival brings a request.
      guard session.turns == 0 else { return (nil, false) }
      input = max(1, min(input, longest - output))
    }
    var record = RequestRecord(
      id: "", arrival: .zero, inputTokens: input, outputTokens: output,
      content: content(of: session, input: input, output: output),
      tokensPerContentName: tokensPerContentName, thinkTime: session.pause)
    if record.content.isEmpty { record.tokensPerContentName = 1 }
    record.requestClass = stream.requestClass ?? stream.name
    record.priority = stream.priority
    guard let shape = stream.sessions else { return (record, false) }
    record.session = "\(stream.name)/\(session.number)"
    session.turns += 1
    if shape.growsContext { session.context = input + output }
    // Geometric: after each turn another follows as likely.
    let continues = turns.uniform() * shape.meanTurns >= 1
    if continues {
      session.pause = Nanoseconds(seconds: shape.meanThinkTime * shape.thinkTimes.draw(&pauses))
    }
    return (record, continues)
  }

  /// Names of a prompt's pieces: those of a shared beginning, then those of the session, whose answers
  /// are named too, since a later prompt repeats them. Without either there are none.
  private func content(of session: SyntheticSession, input: Int, output: Int) -> [UInt64] {
    let growing = stream.sessions?.growsContext ?? false
    let shared = stream.prefixes.map { min($0.tokens, input) / tokensPerContentName } ?? 0
    guard growing || shared > 0 else { return [] }
    let beginning = SplitMix64.mixed(key, UInt64(session.prefix))
    var own = SplitMix64.mixed(~key, session.number)
    // Turns that repeat nothing have content of their own.
    if !growing { own = SplitMix64.mixed(own, UInt64(session.turns)) }
    let pieces = (growing ? input + output : input) / tokensPerContentName
    return (0..<pieces).map { piece in
      SplitMix64.mixed(piece < shared ? beginning : own, UInt64(piece))
    }
  }
}
