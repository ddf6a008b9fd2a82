import TraceIO

/// What of a Kineto trace is kept in memory: flat arrays of the events that matter, with every
/// text as a number in one table.
struct KinetoEvents {
  /// What a host event is; an operator sorts before a launch at the same place.
  enum HostKind: UInt8 {
    case `operator`
    case launch
  }

  /// An operator of the framework, or a call of the device's runtime or driver.
  struct Host {
    var start: Int64
    var duration: Int64
    /// For a launch; ``KinetoEvents/none`` if it has none.
    var correlation: Int64
    /// A number of ``KinetoEvents/threads``.
    var thread: Int32
    var name: Int32
    var dims: Int32 = -1
    var types: Int32 = -1
    var strides: Int32 = -1
    var inputs: Int32 = -1
    var kind: HostKind

    var end: Int64 { start + duration }
  }

  /// What a device did.
  enum DeviceKind: UInt8 {
    case kernel
    case memcpy
    case memset
  }

  /// A kernel, copy or fill on a device.
  struct Device {
    var start: Int64
    var duration: Int64
    var correlation: Int64
    var name: Int32
    /// The text of `pid`, which is the number of the device.
    var device: Int32
    var kind: DeviceKind
  }

  /// A process and thread by the numbers of their texts.
  struct Thread: Hashable {
    var process: Int32
    var thread: Int32
  }

  /// A span that the program named.
  struct Annotation {
    var start: Int64
    var duration: Int64
    var name: Int32
  }

  /// Stands for "no correlation".
  static let none = Int64.min

  var hosts: [Host] = []
  var devices: [Device] = []
  var annotations: [Annotation] = []
  var threads: [Thread] = []
  var texts = ByteStringTable()
  private var threadNumbers: [Thread: Int32] = [:]

  /// The number of events kept.
  var count: Int { hosts.count + devices.count + annotations.count }

  /// The number of a thread.
  mutating func number(of thread: Thread) -> Int32 {
    if let last = threads.last, last == thread { return Int32(threads.count - 1) }
    if let number = threadNumbers[thread] { return number }
    let number = Int32(threads.count)
    threads.append(thread)
    threadNumbers[thread] = number
    return number
  }
}

/// What the trace says about itself beside its events.
struct KinetoMetadata {
  var devices: [(id: Int64, name: String)] = []
  var details: [String: String] = [:]
  /// Nanoseconds since the epoch that all time stamps count from, if the trace says.
  var baseTime: Int64?
  var worldSize: Int?
  /// Whether the categories are those of 2021.
  var hasCategoriesOf2021 = false
  /// Whether any time stamp has a fraction of a microsecond.
  var hasFractions = false

  /// The generation of the format.
  var era: String {
    if hasCategoriesOf2021 { return "2021" }
    if !hasFractions { return "microseconds" }
    return baseTime == nil ? "absolute nanoseconds" : "relative nanoseconds"
  }
}
