import Operators
import Testing

@testable import Replay

/// Batches of an encoder against a list of single sequences.
@Suite struct EncoderEngineTests {
  /// The same rules, a sequence at a time.
  private struct Naive {
    var waiting: [(task: Int32, tokens: Int)] = []
    var flight: [(task: Int32, tokens: Int)] = []
    var begun: Set<Int32> = []
    let maxBatch: Int
    let maxTokens: Int

    mutating func begin() -> (started: [Int32], tokens: [Int])? {
      guard flight.isEmpty, !waiting.isEmpty else { return nil }
      var tokens = 0
      while let next = waiting.first, flight.count < maxBatch,
        flight.isEmpty || tokens + next.tokens <= maxTokens
      {
        tokens += next.tokens
        flight.append(next)
        waiting.removeFirst()
      }
      var started: [Int32] = []
      for task in flight.map(\.task) where begun.insert(task).inserted { started.append(task) }
      return (started, flight.map(\.tokens))
    }

    mutating func end() -> [Int32] {
      let tasks = flight.map(\.task)
      flight = []
      var done: [Int32] = []
      for task in tasks where !done.contains(task) && !waiting.contains(where: { $0.task == task })
      {
        done.append(task)
      }
      return done
    }
  }

  @Test("does what single sequences in a row do", arguments: 0..<40)
  func random(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let batch = Int.random(in: 1...6, using: &random)
    let budget = Int.random(in: 1...60, using: &random)
    var engine = EncoderEngine(maxBatch: batch, maxTokens: budget)
    var naive = Naive(maxBatch: batch, maxTokens: budget)
    var next: Int32 = 0
    for _ in 0..<600 {
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<6:
        let sequences = Int.random(in: 1...9, using: &random)
        let tokens = Int.random(in: 1...30, using: &random)
        engine.enqueue(next, sequences: sequences, tokens: tokens)
        naive.waiting += Array(repeating: (next, tokens), count: sequences)
        next += 1
      case 6..<13:
        var started: [Int32] = []
        let shape = engine.begin(&started)
        let expected = naive.begin()
        #expect(started == expected?.started ?? [])
        #expect(shape?.prefillSequences == expected?.tokens.count)
        #expect(shape?.prefillTokens == expected?.tokens.reduce(0, +))
        #expect(engine.isBusy == !naive.flight.isEmpty)
      case 13..<19:
        var done: [Int32] = []
        engine.end(&done)
        #expect(done == naive.end())
        #expect(!engine.isBusy)
      default:
        guard Int.random(in: 0..<10, using: &random) == 0 else { continue }
        var left: [Int32] = []
        for task in (naive.flight + naive.waiting).map(\.task) where !left.contains(task) {
          left.append(task)
        }
        #expect(engine.drain() == left)
        (naive.waiting, naive.flight) = ([], [])
      }
    }
  }

  @Test("lets one sequence alone be longer than its budget")
  func long() {
    var engine = EncoderEngine(maxBatch: 4, maxTokens: 10)
    engine.enqueue(0, sequences: 2, tokens: 25)
    engine.enqueue(1, sequences: 1, tokens: 3)
    var started: [Int32] = []
    var done: [Int32] = []
    #expect(engine.begin(&started)?.prefillTokens == 25)
    engine.end(&done)
    #expect(done.isEmpty)
    #expect(engine.begin(&started)?.prefillTokens == 25)
    engine.end(&done)
    #expect(done == [0])
    #expect(engine.begin(&started)?.prefillTokens == 3)
    #expect(started == [0, 1])
  }
}
