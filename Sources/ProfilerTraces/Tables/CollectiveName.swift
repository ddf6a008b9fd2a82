public import Operators

/// The collectives by the names that benchmarks give them.
enum CollectiveName {
  /// The operator of `all_reduce`, `all-reduce`, `AllReduce` or `all_reduce_perf`, or nil.
  static func kind(_ name: String) -> OperatorKind? {
    var letters = name.lowercased().filter(\.isLetter)
    if letters.hasSuffix("perf") { letters.removeLast(4) }
    return kinds[letters]
  }

  /// The names as nccl-tests writes them, for errors.
  static let names = [
    "all_reduce", "all_gather", "reduce_scatter", "alltoall", "broadcast", "reduce", "sendrecv",
  ]

  private static let kinds: [String: OperatorKind] = [
    "allreduce": .allReduce, "allgather": .allGather, "reducescatter": .reduceScatter,
    "alltoall": .allToAll, "broadcast": .broadcast, "reduce": .reduce, "sendrecv": .sendReceive,
    "sendreceive": .sendReceive,
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
