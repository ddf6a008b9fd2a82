import CostModel
import Operators
import Scenarios

/// What an engine's devices exchange in its steps, on links that other bytes use too.
///
/// A step is priced with its exchanges at full rate. Here these become flows of as many bytes as the links carry
/// in that time, so that alone they take it to the nanosecond, and beside transfers take longer, and these too.
/// Layers compute and exchange in turn; a step does so in ``parts`` equal parts, so that a transfer that is
/// shorter than a step meets its share of both.
struct StepExchange {
  /// Into how many parts a step is cut: transfers of a step's length are then right to a few per cent, and a
  /// step costs as many events.
  static let parts: Int64 = 8

  /// The links that it goes over, all of which it fills alone.
  let links: [Int32]
  /// The bytes a second that these carry.
  let rate: Double
  /// Nanoseconds of the step in hand in which devices compute, and in which they exchange.
  private var computing: Int64 = 0
  private var exchanging: Int64 = 0
  /// The part in hand, from 0.
  private var part: Int64 = 0
  /// When the first part was sent.
  var firstSent: Int64 = 0

  init(links: [Int32], rate: Double) { (self.links, self.rate) = (links, rate) }

  /// Takes a step in hand of so many nanoseconds, of which it exchanges for some; false where for none.
  mutating func begin(lasting duration: Int64, exchanging time: Double) -> Bool {
    let whole = time.rounded()
    guard whole >= 1, duration > 0 else { return false }
    exchanging = whole < Double(duration) ? Int64(whole) : duration
    computing = duration - exchanging
    part = 0
    return true
  }

  /// Nanoseconds until the part in hand is computed.
  var computeTime: Int64 { Self.share(of: computing, part) }

  /// The bytes that the part in hand exchanges.
  var bytes: Double { rate * Double(Self.share(of: exchanging, part)) / 1e9 }

  /// The bytes that the step in hand exchanges.
  var stepBytes: Double { rate * Double(exchanging) / 1e9 }

  /// Whether the part in hand is the first.
  var isFirst: Bool { part == 0 }

  /// Takes the next part in hand; false where that was the last.
  mutating func advance() -> Bool {
    part += 1
    return part < Self.parts
  }

  /// Shares of whole nanoseconds that add up to all of them.
  private static func share(of time: Int64, _ part: Int64) -> Int64 {
    time / parts + (part < time % parts ? 1 : 0)
  }
}

extension PipelineFleet {
  /// What engines of a pool in some place exchange on links of the network; nil where they have their own.
  func exchange(of pool: EnginePool, in leaf: Int) -> StepExchange? {
    guard case .model(let service) = pool.service, let level = service.collectives,
      leaf < links.leafCount, let own = links.exchange(of: leaf, over: level)
    else { return nil }
    return StepExchange(links: own.links, rate: own.rate)
  }

  /// Begins the exchanges of a step that an engine has started; false where it has none, and ends when its
  /// price says.
  mutating func beginExchanges(of engine: Int, in price: StepPrice) -> Bool {
    let place = engines[engine].place
    let (start, end) = (models[place].started, models[place].boundary)
    guard exchanges[place]?.begin(lasting: end - start, exchanging: price.collectiveTime) == true
    else { return false }
    computePart(of: engine, at: start)
    return true
  }

  private mutating func computePart(of engine: Int, at time: Int64) {
    let computing = exchanges[engines[engine].place]?.computeTime ?? 0
    foresee(
      .exchange, engine, at: (Nanoseconds(time) + Nanoseconds(computing)).rawValue,
      tag: engines[engine].epoch)
  }

  /// Exchanges what an engine has computed of its step.
  mutating func exchange(_ engine: Int, at time: Int64) {
    let place = engines[engine].place
    if exchanges[place]?.isFirst == true { exchanges[place]?.firstSent = time }
    guard let exchange = exchanges[place], exchange.bytes > 0 else {
      return exchanged(engine, at: time)
    }
    links.send(
      exchange.bytes, over: .init(links: exchange.links, latency: 0),
      for: .exchange(engine: Int32(truncatingIfNeeded: engine), epoch: engines[engine].epoch),
      at: time)
  }

  /// Goes on with an engine's step when a part is exchanged.
  mutating func exchanged(_ engine: Int, at time: Int64) {
    let place = engines[engine].place
    guard exchanges[place]?.advance() == false else { return computePart(of: engine, at: time) }
    models[place].delayStep(until: time)
    foresee(.boundary, engine, at: models[place].boundary, tag: engines[engine].epoch)
    guard trace != nil, let exchange = exchanges[place] else { return }
    trace?.add(
      PipelineTrace.Transfer(
        purpose: .exchange, request: nil, start: Nanoseconds(exchange.firstSent),
        end: Nanoseconds(time), bytes: exchange.stepBytes, links: exchange.links))
  }
}
