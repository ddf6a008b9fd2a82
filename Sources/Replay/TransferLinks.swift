import Scenarios

/// The links on which keys and values travel: one out of each prefill engine, one into each decode
/// engine.
///
/// A transfer holds both of its links for latency + bytes ÷ bandwidth. Transfers begin in the order in
/// which decode engines took memory for them, each when both links are free: none overtakes another on a
/// link. Layer by layer a transfer may begin with the first layer of the prompt's last step, and ends no
/// earlier than the last layer's share after that step's end: the time of a pipeline of two stages.
struct TransferLinks {
  private let transfer: KeyValueTransfer
  /// When the link out of each engine is free.
  private var outgoing: [Int64]
  /// When the link into each engine is free.
  private var incoming: [Int64]

  /// Idle links of so many engines.
  init(_ transfer: KeyValueTransfer, engines: Int) {
    self.transfer = transfer
    outgoing = Array(repeating: .min, count: engines)
    incoming = outgoing
  }

  /// Has keys and values travel; returns when the last of them have come.
  ///
  /// - Parameters:
  ///   - step: From when to when the prompt's last step was computed.
  ///   - time: When memory for them was found: at the end of that step, or later.
  mutating func send(
    tokens: Int, _ size: KeyValueSize, from source: Int, to target: Int,
    computedIn step: (start: Int64, end: Int64), at time: Int64
  ) -> Int64 {
    let bytes = Double(tokens) * size.bytesPerToken
    let latency = 1000 * transfer.latency
    var earliest = time
    // What waits for memory cannot be sent while it is computed.
    let overlaps = transfer.mode == .layerwise && time == step.end
    if overlaps {
      earliest = step.start + (step.end - step.start) / Int64(size.layers)
    }
    let start = max(earliest, outgoing[source], incoming[target])
    var end = Engine.end(of: latency + bytes / transfer.bandwidth, from: start)
    if overlaps {
      let share = bytes / Double(size.layers) / transfer.bandwidth
      end = max(end, Engine.end(of: latency + share, from: step.end))
    }
    outgoing[source] = end
    incoming[target] = end
    return end
  }
}
