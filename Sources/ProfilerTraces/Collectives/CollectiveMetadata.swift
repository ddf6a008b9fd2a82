/// What a profiler's event says about the collective that it is; texts are numbers of
/// ``TraceEvents/texts``, and what it does not say is -1.
struct CollectiveMetadata: Hashable {
  var name: Int32 = -1
  var dataType: Int32 = -1
  /// The elements that this rank gives.
  var inputElements: Int64 = -1
  /// The elements that this rank gets.
  var outputElements: Int64 = -1
  var ranks: Int64 = -1
  /// The process group's name, and its ranks, as written.
  var groupName: Int32 = -1
  var groupRanks: Int32 = -1
  /// The number of the call within its process group.
  var sequence: Int64 = -1
  /// Between two ranks: who gives and who gets.
  var source: Int64 = -1
  var destination: Int64 = -1
}

/// The collectives among a trace's events.
struct CollectiveRecords {
  /// By the number of a host event.
  var hosts: [Int32: CollectiveMetadata] = [:]
  /// By the number of a device event.
  var devices: [Int32: CollectiveMetadata] = [:]
}
