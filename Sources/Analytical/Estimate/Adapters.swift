internal import Operators

/// Low-rank adapters on every product of the layers (Hu et al., LoRA, 2021).
///
/// A step computes each adapted product's two small ones for all its tokens and reads the weights of
/// as many adapters as its batch uses.
public struct Adapters: Hashable, Sendable {
  /// The rank of each.
  public var rank: Int
  /// Different adapters that a batch uses.
  public var count: Int

  /// Creates adapters.
  public init(rank: Int, count: Int = 1) {
    self.rank = rank
    self.count = count
  }

  /// The products of attention and dense networks that are adapted, by role.
  private static let adapted: Set<String> = [
    "qkv_proj", "q_proj", "q_a_proj", "q_b_proj", "kv_a_proj", "kv_b_proj", "o_proj",
    "gate_up_proj", "up_proj", "down_proj", "in_proj", "out_proj",
  ]

  /// The two small products beside each adapted one.
  func uses(
    in model: ModelArchitecture, _ precision: Precision, _ layout: Parallelism
  ) -> [OperatorUse] {
    let products = model.forwardPass(precision, layout).filter { Self.adapted.contains($0.role) }
    return products.flatMap { use -> [OperatorUse] in
      guard let n = use.operator.attributes["n"], let k = use.operator.attributes["k"] else {
        return []
      }
      return [(rank, k, "_lora_down"), (n, rank, "_lora_up")].map { n, k, suffix in
        OperatorUse(
          operator: Operator(
            .gemm, dataType: precision.activations, ["n": n, "k": k, "adapters": count]),
          role: use.role + suffix, count: use.count, size: .tokens)
      }
    }
  }

  /// Bytes of all adapters on each device.
  public func bytes(
    in model: ModelArchitecture, _ precision: Precision, _ layout: Parallelism
  ) -> Double {
    uses(in: model, precision, layout).reduce(0) { sum, use in
      let (n, k) = (use.operator.attributes["n"] ?? 0, use.operator.attributes["k"] ?? 0)
      return sum + Double(use.count * n * k) * Double(count) * use.operator.weightBytes
    }
  }
}
