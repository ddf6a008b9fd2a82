/// The calls of collectives in one trace, kept one by one so that ranks can be compared.
struct CollectiveCalls: Hashable, Sendable {
  /// One kernel of a collective on one rank.
  struct Call: Hashable, Sendable {
    /// A number of ``ImportedTrace/groups`` and its samples.
    var group: Int32
    /// A number of ``CollectiveCalls/channels``.
    var channel: Int32
    /// A number of ``CollectiveCalls/devices``.
    var device: Int32
    /// How many ranks take part.
    var ranks: Int32
    /// The number within the process group, or -1.
    var sequence: Int64
    /// By the clock of this rank, for the order only.
    var start: Int64
    var duration: Int64
  }

  /// In the order of the source.
  var calls: [Call] = []
  /// The process groups, and pairs of ranks within them, by texts that are equal on all ranks.
  var channels: [String] = []
  /// The devices of the trace.
  var devices: [String] = []
}
