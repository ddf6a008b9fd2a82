import Operators
import Testing

@testable import Analytical

/// Mixtures of experts against every way in which tokens can choose.
@Suite struct ExpertWorkTests {
  /// All sets of `perToken` of the experts, as bits.
  private func choices(_ experts: Int, _ perToken: Int) -> [Int] {
    (0..<(1 << experts)).filter { $0.nonzeroBitCount == perToken }
  }

  /// The mean of the touched experts over all choices of all tokens.
  private func touched(_ experts: Int, _ perToken: Int, tokens: Int) -> Double {
    let choices = choices(experts, perToken)
    var unions = [0: 1.0]
    for _ in 0..<tokens {
      var next: [Int: Double] = [:]
      for (union, likelihood) in unions {
        for choice in choices {
          next[union | choice, default: 0] += likelihood / Double(choices.count)
        }
      }
      unions = next
    }
    return unions.reduce(0) { $0 + Double($1.key.nonzeroBitCount) * $1.value }
  }

  @Test(arguments: [(1, 1), (2, 1), (4, 1), (4, 2), (5, 3), (6, 2), (6, 6)])
  func `The expected touched experts are the mean over every choice`(
    experts: Int, perToken: Int
  ) {
    let network = ExpertNetwork(experts: experts, perToken: perToken, width: 1)
    for tokens in 0...4 {
      expectClose(
        network.touched(byTokens: Double(tokens)), touched(experts, perToken, tokens: tokens),
        1e-12, "\(tokens) tokens")
    }
  }

  @Test func `No experts are touched that are not there`() {
    for perToken in [1, 8, 9, 100] {
      let network = ExpertNetwork(experts: 8, perToken: perToken, width: 1)
      #expect(network.touched(byTokens: 0) == 0 && network.touched(byTokens: -1) == 0)
      #expect(network.touched(byTokens: 1) == Double(min(8, perToken)))
      #expect(network.touched(byTokens: 1e9) == 8)
    }
  }

  /// The work of one device, token by token and choice by choice, on average over all choices and
  /// devices.
  @Test(arguments: [
    (4, 2, 1, 1, true), (4, 2, 2, 1, true), (4, 1, 4, 1, false), (6, 3, 2, 2, true),
    (4, 2, 1, 4, false),
  ])
  func `The work is the mean over every choice of a few tokens`(
    experts: Int, perToken: Int, spread: Int, shared: Int, isGated: Bool
  ) throws {
    let (hidden, width, tokens) = (10, 8, 2)
    let products = isGated ? 3 : 2
    var op = Operator(
      .moe, dataType: .bfloat16,
      [
        "width": hidden, "intermediate": width, "experts": experts, "topK": perToken,
        "tensorParallel": shared, "expertParallel": spread, "weightBits": 4,
      ])
    if !isGated { op.attributes["gated"] = 0 }
    let choices = choices(experts, perToken)
    let local = experts / spread
    var (flops, weightBytes, valueBytes, cases) = (0.0, 0.0, 0.0, 0.0)
    for first in choices {
      for second in choices {
        for device in 0..<spread {
          cases += 1
          for expert in device * local..<(device + 1) * local {
            let visits = [first, second].count { $0 >> expert & 1 == 1 }
            for _ in 0..<visits {
              flops += Double(2 * products * hidden * (width / shared))
              // The token in and out, and what lies between the products.
              valueBytes += 2 * Double(2 * hidden + products * (width / shared))
            }
            if visits > 0 { weightBytes += 0.5 * Double(products * hidden * (width / shared)) }
          }
        }
      }
    }
    let found = try #require(OperatorWork(op, at: AxisPoint(tokens)))
    expectClose(found.flops, flops / cases)
    expectClose(found.bytes, (weightBytes + valueBytes) / cases)
  }
}
