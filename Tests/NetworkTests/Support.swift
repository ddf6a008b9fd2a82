/// Max-min fair rates as their definition has it: all rates rise together; whoever is at its limit or on
/// a full link stops.
func maxMinRates(
  capacities: [Double], flows: [(path: [Int32], limit: Double)]
) -> [Double] {
  var rates = Array(repeating: 0.0, count: flows.count)
  var rising = Array(repeating: true, count: flows.count)
  var room = capacities
  while rising.contains(true) {
    var step = Double.infinity
    for (flow, rises) in rising.enumerated() where rises {
      step = min(step, flows[flow].limit - rates[flow])
    }
    var counts = Array(repeating: 0, count: capacities.count)
    for (flow, rises) in rising.enumerated() where rises {
      for link in flows[flow].path { counts[Int(link)] += 1 }
    }
    for (link, count) in counts.enumerated() where count > 0 {
      step = min(step, room[link] / Double(count))
    }
    for (flow, rises) in rising.enumerated() where rises { rates[flow] += step }
    for (link, count) in counts.enumerated() { room[link] -= Double(count) * step }
    for (flow, rises) in rising.enumerated() where rises {
      let isFull = flows[flow].path.contains { room[Int($0)] <= 1e-9 * capacities[Int($0)] }
      if isFull || rates[flow] >= flows[flow].limit * (1 - 1e-12) { rising[flow] = false }
    }
  }
  return rates
}

/// A flow of ``NaiveNetwork``.
struct NaiveFlow {
  var path: [Int32]
  var limit: Double
  var bytes: Double
  var start: Double
}

/// Flows in exact fluid time, every rate computed anew at every event; returns when each ends, in ns.
func fluidEnds(capacities: [Double], flows: [NaiveFlow]) -> [Double] {
  var ends = Array(repeating: Double.infinity, count: flows.count)
  var left = flows.map(\.bytes)
  var time = 0.0
  while ends.contains(.infinity) {
    let active = flows.indices.filter { flows[$0].start <= time && ends[$0] == .infinity }
    let rates = maxMinRates(
      capacities: capacities, flows: active.map { (flows[$0].path, flows[$0].limit) })
    var next = flows.map(\.start).filter { $0 > time }.min() ?? .infinity
    for (flow, rate) in zip(active, rates) { next = min(next, time + left[flow] / rate * 1e9) }
    for (flow, rate) in zip(active, rates) {
      left[flow] -= rate * (next - time) / 1e9
      if left[flow] <= 1e-6 * rate / 1e9 + 1e-12 * flows[flow].bytes { ends[flow] = next }
    }
    time = next
  }
  return ends
}
