import TraceIO

/// Arrows from launches to what they launched (phases `s` and `f`), which carry the correlation as
/// their number.
///
/// They are kept from the first launch or kernel on that has no correlation of its own; Kineto
/// writes each arrow's ends right behind the events that they touch.
struct KinetoFlows {
  fileprivate struct End: Hashable {
    var process: Int32
    var thread: Int32
    var time: Int64
  }

  /// Whether a launch or kernel without a correlation was seen.
  var areNeeded = false
  fileprivate var starts: [End: Int64] = [:]
  fileprivate var ends: [End: Int64] = [:]

  /// The number of ends kept.
  var count: Int { starts.count + ends.count }
}

extension KinetoEventParser {
  /// Keeps one end of an arrow.
  mutating func keepFlow(_ fields: Fields) {
    guard let time = fields.start, fields.flow != TraceEvents.none else { return }
    let end = KinetoFlows.End(process: fields.process, thread: fields.thread, time: time)
    switch fields.phase {
    case UInt8(ascii: "s"): flows.starts[end] = fields.flow
    case UInt8(ascii: "f"): flows.ends[end] = fields.flow
    default: break
    }
  }

  /// Gives launches and kernels without a correlation the number of the arrow that starts or ends
  /// where and when they start.
  mutating func applyFlows() {
    guard flows.count > 0 else { return }
    for index in events.hosts.indices {
      let host = events.hosts[index]
      guard host.kind == .launch, host.correlation == TraceEvents.none else { continue }
      let thread = events.threads[Int(host.thread)]
      let end = KinetoFlows.End(process: thread.process, thread: thread.thread, time: host.start)
      if let flow = flows.starts[end] { events.hosts[index].correlation = flow }
    }
    for index in events.devices.indices {
      let device = events.devices[index]
      guard device.correlation == TraceEvents.none else { continue }
      let end = KinetoFlows.End(process: device.device, thread: device.stream, time: device.start)
      if let flow = flows.ends[end] { events.devices[index].correlation = flow }
    }
    flows = KinetoFlows()
  }
}
