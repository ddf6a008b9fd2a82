internal import Operators

/// What a mixture's experts cost on one device of a group that tokens reach together.
struct ExpertCost: Hashable, Sendable {
  private let network: ExpertNetwork
  private let perToken, spread, hidden, width, products, weightBytes, elementBytes: Double

  /// Takes the sizes from an operator.
  init(_ op: Operator) {
    func attribute(_ name: String) -> Double { Double(op.attributes[name] ?? 1) }
    let count = op.attributes["topK"] ?? 1
    network = ExpertNetwork(experts: op.attributes["experts"] ?? 1, perToken: count, width: 1)
    perToken = Double(count)
    spread = attribute("expertParallel")
    hidden = attribute("width")
    width = attribute("intermediate") / attribute("tensorParallel")
    products = attribute("gated") == 0 ? 2 : 3
    weightBytes = op.weightBytesPerExpert * spread
    elementBytes = op.elementBytes
  }

  /// The work of so many tokens.
  func work(_ tokens: Double) -> OperatorWork {
    let routed = tokens * perToken / spread
    let touched = network.touched(byTokens: tokens) / spread
    return OperatorWork(
      flops: 2 * products * hidden * width * routed,
      bytes: touched * weightBytes + elementBytes * routed * (2 * hidden + products * width))
  }
}
