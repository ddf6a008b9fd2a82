/// The launches of one kernel while they are gathered: how many, for how long, and the first of them
/// one by one.
struct KernelLaunches {
  private(set) var tally = Tally()
  private var events: [KernelEvent] = []

  /// Adds a launch; beyond ``KernelTotal/mostEvents`` its place is not kept.
  mutating func add(_ duration: Int64, at place: SourcePlace) {
    tally.add(duration)
    guard events.count < KernelTotal.mostEvents else { return }
    events.append(KernelEvent(place: place, duration: duration))
  }

  /// What was gathered, of the kernel with this name.
  func total(name: String) -> KernelTotal {
    KernelTotal(name: name, count: tally.count, total: tally.nanoseconds, events: events)
  }
}
