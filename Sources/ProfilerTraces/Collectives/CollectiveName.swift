public import Operators

/// The collectives by the names that benchmarks and frameworks give them.
enum CollectiveName {
  /// The operator of `all_reduce`, `all-reduce`, `AllReduce` or `all_reduce_perf`, or nil.
  static func kind(_ name: String) -> OperatorKind? {
    var letters = name.lowercased().filter(\.isLetter)
    if letters.hasSuffix("perf") { letters.removeLast(4) }
    return kinds.first { $0.name == letters }?.kind
  }

  /// The operator of a name that goes on, as PyTorch's `_allgather_base` and `reduce_oop` do, or nil.
  static func kind(startOf name: String) -> OperatorKind? {
    let plain = name.lowercased().filter { $0 != "_" }
    return kinds.first { plain.hasPrefix($0.name) }?.kind
  }

  /// The names as nccl-tests writes them, for errors.
  static let names = [
    "all_reduce", "all_gather", "reduce_scatter", "alltoall", "broadcast", "reduce", "sendrecv",
  ]

  /// What each is called without `_`; none before another that starts with it.
  private static let kinds: [(name: String, kind: OperatorKind)] = [
    ("allreduce", .allReduce), ("allgather", .allGather), ("reducescatter", .reduceScatter),
    ("alltoall", .allToAll), ("broadcast", .broadcast), ("reduce", .reduce),
    ("sendreceive", .sendReceive), ("sendrecv", .sendReceive), ("send", .sendReceive),
    ("receive", .sendReceive), ("recv", .sendReceive),
  ]

  /// The operator over `ranks` devices; a group that spans several nodes is another operator, since
  /// its bytes cross another link.
  static func `operator`(
    _ kind: OperatorKind, _ dataType: DataType?, ranks: Int, nodes: Int
  ) -> Operator {
    var attributes = ["ranks": ranks]
    if nodes > 1 { attributes["nodes"] = nodes }
    return Operator(kind, dataType: dataType, attributes)
  }
}

extension OperatorKind {
  /// The collective of this name, as benchmarks write it: `all_reduce`, `alltoall`, `sendrecv`.
  public init?(collective name: String) {
    guard let kind = CollectiveName.kind(name) else { return nil }
    self = kind
  }

  /// The names of collectives as nccl-tests writes them.
  public static var collectiveNames: [String] { CollectiveName.names }
}
