/// The launches of one kernel within a group.
public struct KernelTotal: Hashable, Sendable {
  /// The kernel's name.
  public var name: String
  /// The number of launches.
  public var count: Int
  /// The sum of the durations, in nanoseconds.
  public var total: Int64
  /// What its name tells.
  public var identity = KernelIdentity.unknown
  /// The first of its launches, at most ``mostEvents``, in the source's order.
  public var events: [KernelEvent] = []

  /// Creates the launches of one kernel.
  public init(
    name: String, count: Int, total: Int64, identity: KernelIdentity = .unknown,
    events: [KernelEvent] = []
  ) {
    self.name = name
    self.count = count
    self.total = total
    self.identity = identity
    self.events = events
  }

  /// The most launches that are kept one by one.
  public static let mostEvents = 256
}
