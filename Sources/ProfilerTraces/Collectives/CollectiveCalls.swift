/// The calls of collectives in one trace, kept one by one so that ranks can be compared.
struct CollectiveCalls: Hashable, Sendable {
  /// One kernel of a collective on one rank.
  struct Call: Hashable, Sendable {
    /// A number of ``ImportedTrace/groups`` and its samples.
    var group: Int32
    /// A number of ``CollectiveCalls/channels``.
    var channel: Int32
    /// The device among those of the trace.
    var device: Int32
    /// How many ranks take part.
    var ranks: Int32
    /// The number within the process group, or -1.
    var sequence: Int64
    /// By the clock of this rank, for the order only.
    var start: Int64
    var duration: Int64
  }

  /// A process group, or a pair of ranks within it.
  struct Channel: Hashable, Sendable {
    /// Numbers of ``CollectiveCalls/texts``; -1 where the source does not say.
    var name: Int32
    var ranks: Int32
    /// Between two ranks: who gives and who gets; else -1.
    var source: Int64 = -1
    var destination: Int64 = -1
  }

  /// In the order of the source.
  var calls: [Call] = []
  var channels: [Channel] = []
  /// What channels say, by texts that are equal on all ranks.
  var texts: [String] = []
  /// The number of devices that the calls are of.
  var deviceCount = 0
}
