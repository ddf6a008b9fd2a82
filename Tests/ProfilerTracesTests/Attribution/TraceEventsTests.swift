import Testing

@testable import ProfilerTraces

@Suite struct TraceEventsTests {
  @Test func `An event kept takes 72 bytes, whatever it is`() {
    #expect(MemoryLayout<TraceEvents.Host>.stride == 72)
    #expect(MemoryLayout<TraceEvents.Device>.stride == 72)
  }

  @Test func `The busiest device is that of most events, of equals the first`() {
    var events = TraceEvents()
    #expect(events.busiestDevice == nil)
    for device: Int32 in [4, 2, 3, 2, 3] {
      events.devices.append(
        .init(start: 0, duration: 1, correlation: 0, name: 0, device: device, kind: .kernel))
    }
    #expect(events.busiestDevice == 2)
  }

  @Test func `Of a kernel's launches all count, and the first are kept one by one`() {
    var launches = KernelLaunches()
    for index in 0..<Int64(KernelTotal.mostEvents + 3) {
      launches.add(index, at: SourcePlace(offset: index))
    }
    launches.add(.max, at: .unknown)
    let total = launches.total(name: "k")
    #expect(total.count == KernelTotal.mostEvents + 4)
    #expect(total.total == .max)
    #expect(total.events.map(\.duration) == Array(0..<Int64(KernelTotal.mostEvents)))
  }

  @Test func `Each rule has its own tally`() {
    var coverage = Coverage()
    for (number, rule) in AttributionRule.allCases.enumerated() {
      coverage.add(Int64(number + 1), by: rule)
    }
    for (number, rule) in AttributionRule.allCases.enumerated() {
      #expect(coverage[rule] == Tally(count: 1, nanoseconds: Int64(number + 1)))
    }
  }
}
