import TraceIO

/// What of a profiler's trace is kept in memory, whatever its format: flat arrays of the events that
/// matter, with every text as a number in one table.
struct TraceEvents {
  /// What a host event is; an operator sorts before a launch at the same place.
  enum HostKind: UInt8 {
    case `operator`
    case launch
  }

  /// An operator of the framework, or a call of the device's runtime or driver.
  ///
  /// Traces hold millions: large fields come first and the small one last, so that none is padded.
  struct Host {
    var start: Int64
    var duration: Int64
    /// For a launch; ``TraceEvents/none`` if it has none.
    var correlation: Int64
    /// For a launch that was captured into a CUDA or HIP graph, the node it became, where the profiler
    /// says, or 0.
    var graphNode: Int64 = 0
    /// For an operator, its `Record function id`; where it has none, the negative of its
    /// `External id`; 0 for neither, or where no execution trace is to be joined.
    var record: Int64 = 0
    /// A number of ``TraceEvents/threads``.
    var thread: Int32
    var name: Int32
    var dims: Int32 = -1
    var types: Int32 = -1
    var strides: Int32 = -1
    var inputs: Int32 = -1
    /// For a launch, the kernel that it names, where the profiler says (ROCm does), or -1.
    var kernel: Int32 = -1
    var kind: HostKind

    var end: Int64 { start + duration }
  }

  /// What a device did.
  enum DeviceKind: UInt8 {
    case kernel
    case memcpy
    case memset
  }

  /// A kernel, copy or fill on a device; its fields are in the order of their size, as ``Host``'s.
  struct Device {
    var start: Int64
    var duration: Int64
    var correlation: Int64
    /// The node of a CUDA or HIP graph that it ran as, or 0.
    var graphNode: Int64
    /// The bytes of a copy or fill, where the source says, or -1.
    var bytes: Int64
    /// Where the source holds it.
    var place: SourcePlace
    var name: Int32
    /// The text that tells the device from others.
    var device: Int32
    /// The text that tells the stream from others of the device, or -1.
    var stream: Int32
    /// The text of the process that launched it, where the source says, or -1.
    var process: Int32
    var kind: DeviceKind

    init(
      start: Int64, duration: Int64, correlation: Int64, name: Int32, device: Int32,
      stream: Int32 = -1, process: Int32 = -1, kind: DeviceKind, graphNode: Int64 = 0,
      bytes: Int64 = -1, place: SourcePlace = .unknown
    ) {
      self.start = start
      self.duration = duration
      self.correlation = correlation
      self.graphNode = graphNode
      self.bytes = bytes
      self.place = place
      self.name = name
      self.device = device
      self.stream = stream
      self.process = process
      self.kind = kind
    }

    var end: Int64 { start + duration }
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
    /// A number of ``TraceEvents/threads``, or -1 where the source does not say.
    var thread: Int32 = -1

    var end: Int64 { start + duration }
  }

  /// Stands for "no correlation".
  static let none = Int64.min

  var hosts = SegmentedArray<Host>()
  var devices = SegmentedArray<Device>()
  var annotations: [Annotation] = []
  var threads: [Thread] = []
  var texts = ByteStringTable()
  /// What events say about the collectives that they are.
  var collectives = CollectiveRecords()
  private var threadNumbers: [Thread: Int32] = [:]

  /// The number of events kept.
  var count: Int { hosts.count + devices.count + annotations.count }

  /// The text of the process of a thread; -1 where the thread is not known.
  func process(of thread: Int32) -> Int32 {
    thread >= 0 && thread < threads.count ? threads[Int(thread)].process : -1
  }

  /// Whether any host event launches work on a device.
  var launchesKernels: Bool {
    hosts.contains { $0.kind == .launch && texts[$0.name].contains("Launch") }
  }

  /// The number of the text of the device with most events, of equal ones the first; nil without any.
  var busiestDevice: Int32? {
    var counts: [Int32: Int] = [:]
    for device in devices { counts[device.device, default: 0] += 1 }
    return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
  }

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
