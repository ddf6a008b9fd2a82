/// For each call of an operator how many device events it launched, and for how long any of them ran.
struct CallTimes {
  /// For each call its place in ``launches`` and ``busy``, or -1 if it launched nothing: few do.
  private var places: [Int32]
  /// The device events of each call that launched any.
  private(set) var launches: [Int32] = []
  /// The time in which at least one of them ran, in nanoseconds: less than the sum of their durations
  /// where they overlap.
  private(set) var busy: [Int64] = []

  /// - Complexity: O(*n* log *n*) in the number of device events.
  init(_ events: TraceEvents, _ attribution: KernelAttribution) {
    let devices = events.devices
    places = [Int32](repeating: -1, count: attribution.callCount)
    var ends: [Int64] = []
    var order: [(start: Int64, index: Int32)] = []
    order.reserveCapacity(devices.count)
    for (index, device) in devices.enumerated() { order.append((device.start, Int32(index))) }
    order.sort { ($0.start, $0.index) < ($1.start, $1.index) }
    for (_, number) in order {
      let index = Int(number)
      let owner = attribution.owners[index]
      guard owner.isUsed else { continue }
      if places[Int(owner.call)] < 0 {
        places[Int(owner.call)] = Int32(launches.count)
        launches.append(0)
        busy.append(0)
        ends.append(.min)
      }
      let (call, device) = (place(of: owner.call), devices[index])
      launches[call] += 1
      let start = max(device.start, ends[call])
      guard device.end > start else { continue }
      busy[call] = busy[call].adding(device.end - start)
      ends[call] = device.end
    }
  }

  /// The place of a call that launched something.
  func place(of call: Int32) -> Int { Int(places[Int(call)]) }
}
