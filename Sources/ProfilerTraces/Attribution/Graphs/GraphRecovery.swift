import TraceIO

/// Gives the kernels of CUDA and HIP graphs back to the operators that were captured.
///
/// All kernels of a graph hang off one launch, which tells nothing about them. The capture does: its
/// launches, in the order of the processor, are the graph's kernels in the order of the device. That
/// is taken only where the number fits, every kind fits, and every kernel name that the capture tells
/// (ROCm's do, CUDA's do not) is the one that ran. Several graphs may make one step (vLLM's
/// `PIECEWISE`): then the launches within one step are laid end to end.
///
/// The size of the captured batch follows from the step's annotation: that size, or the next larger
/// one, to which engines pad. Without one it must be the only size that fits. Where two captures fit
/// that differ in their operators, or none does, the kernels stay without shapes, with one exception:
/// the equally named start and end of a capture of which at least half fits.
struct GraphRecovery {
  /// The most captures of one size that are tried for a step.
  private static let mostCandidates = 64

  /// One captured graph, in the numbers of the trace that runs it.
  private struct Candidate {
    var size: Int?
    /// For each launch the host that owns it, or -1.
    var owners: [Int32]
    /// For each launch the call that it belongs to: the captured host, or -1.
    var calls: [Int32]
    /// For each launch the name of its kernel, or -1.
    var kernels: [Int32]
    var kinds: [GraphCapture.Kind]
  }

  private struct SizeAndCount: Hashable {
    var size: Int?
    var count: Int
  }

  private var candidates: [Candidate] = []
  private var byCount: [Int: [Int]] = [:]
  private var bySize: [Int: [Int]] = [:]
  private var bySizeAndCount: [SizeAndCount: [Int]] = [:]
  private var sizes: [Int] = []

  /// Recovers what can be, and counts all of it.
  static func recover(
    _ events: inout TraceEvents, _ attribution: inout KernelAttribution,
    from captures: [CapturedTrace], _ coverage: inout GraphCoverage
  ) {
    let launches = GraphLaunches(events, attribution)
    coverage.launches = launches.all.count
    coverage.kernels = launches.all.reduce(0) { $0 + $1.devices.count }
    coverage.captures = captures.reduce(0) { $0 + $1.graphs.count }
    guard !launches.all.isEmpty, coverage.captures > 0 else { return }
    let recovery = Self(captures, &events)
    for step in launches.steps {
      let found = recovery.match(step, events)
      for match in found {
        recovery.assign(match, events, &attribution, &coverage)
        if let size = step.size, let captured = recovery.candidates[match.candidate].size,
          captured > size
        {
          coverage.paddedLaunches += match.launches
        }
      }
    }
  }

  private init(_ captures: [CapturedTrace], _ events: inout TraceEvents) {
    var translation = HostTranslation()
    for capture in captures {
      translation.begin(capture.events)
      for graph in capture.graphs {
        var candidate = Candidate(size: graph.size, owners: [], calls: [], kernels: [], kinds: [])
        for launch in graph.launches {
          candidate.owners.append(translation.host(launch.owner, in: &events))
          candidate.calls.append(launch.owner)
          candidate.kernels.append(translation.text(launch.kernel, in: &events))
          candidate.kinds.append(launch.kind)
        }
        let (number, count) = (candidates.count, candidate.owners.count)
        candidates.append(candidate)
        byCount[count, default: []].append(number)
        bySizeAndCount[SizeAndCount(size: graph.size, count: count), default: []].append(number)
        if let size = graph.size { bySize[size, default: []].append(number) }
      }
    }
    sizes = bySize.keys.sorted()
  }

  // MARK: Matching

  /// Kernels that belong to the launches of a candidate: the first ones and the last ones.
  private struct Match {
    var candidate: Int
    var devices: [Int]
    /// How many of the first and of the last are certain; all are the first in a whole match.
    var first: Int
    var last = 0
    /// How many launches of graphs these are.
    var launches: Int
  }

  private func match(_ step: GraphLaunches.Step, _ events: TraceEvents) -> [Match] {
    let all = step.launches.flatMap(\.devices)
    let size = step.size.map(capturedSize)
    if let whole = whole(all, size, events) {
      return [
        Match(candidate: whole, devices: all, first: all.count, launches: step.launches.count)
      ]
    }
    if step.launches.count > 1 {
      let single: [Match] = step.launches.compactMap { launch in
        whole(launch.devices, size, events).map {
          Match(
            candidate: $0, devices: launch.devices, first: launch.devices.count, launches: 1)
        }
      }
      if !single.isEmpty { return single }
    }
    return part(all, size, events, launches: step.launches.count).map { [$0] } ?? []
  }

  /// The smallest captured size that is not below the given one; -1 if there is none.
  private func capturedSize(_ wanted: Int) -> Int {
    var (low, high) = (0, sizes.count)
    while low < high {
      let middle = low + (high - low) / 2
      if sizes[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return low < sizes.count ? sizes[low] : -1
  }

  /// The captured graph whose launches fit all of these kernels, if there is one and no other.
  private func whole(_ devices: [Int], _ size: Int?, _ events: TraceEvents) -> Int? {
    let numbers: [Int]
    if let size, !sizes.isEmpty {
      numbers = bySizeAndCount[SizeAndCount(size: size, count: devices.count)] ?? []
    } else {
      numbers = byCount[devices.count] ?? []
    }
    guard numbers.count <= Self.mostCandidates else { return nil }
    var found: Int?
    for number in numbers {
      let candidate = candidates[number]
      let fits = devices.indices.allSatisfy { position in
        Self.fits(candidate, position, events.devices[devices[position]])
      }
      guard fits else { continue }
      if let other = found,
        candidates[other].owners != candidate.owners || candidates[other].size != candidate.size
      {
        return nil
      }
      if found == nil { found = number }
    }
    return found
  }

  private static func fits(
    _ candidate: Candidate, _ position: Int, _ device: TraceEvents.Device
  ) -> Bool {
    let kernel = candidate.kernels[position]
    return kernel == -1 ? candidate.kinds[position].allows(device.kind) : kernel == device.name
  }

  /// The equally named start and end of the one captured graph that fits best.
  private func part(
    _ devices: [Int], _ size: Int?, _ events: TraceEvents, launches: Int
  ) -> Match? {
    let numbers = size.map { bySize[$0] ?? [] } ?? (candidates.count == 1 ? [0] : [])
    guard numbers.count <= Self.mostCandidates else { return nil }
    var best: Match?
    var isOnly = true
    for number in numbers {
      let kernels = candidates[number].kernels
      let shorter = min(kernels.count, devices.count)
      func agrees(_ captured: Int, _ run: Int) -> Bool {
        kernels[captured] == events.devices[devices[run]].name
      }
      var first = 0
      while first < shorter, agrees(first, first) { first += 1 }
      var last = 0
      while last < shorter - first, agrees(kernels.count - 1 - last, devices.count - 1 - last) {
        last += 1
      }
      guard 2 * (first + last) >= max(kernels.count, devices.count) else { continue }
      let sum = best.map { $0.first + $0.last } ?? 0
      if first + last > sum {
        best = Match(
          candidate: number, devices: devices, first: first, last: last, launches: launches)
        isOnly = true
      } else if first + last == sum {
        isOnly = false
      }
    }
    return isOnly ? best : nil
  }

  // MARK: Assigning

  private func assign(
    _ match: Match, _ events: TraceEvents, _ attribution: inout KernelAttribution,
    _ coverage: inout GraphCoverage
  ) {
    let candidate = candidates[match.candidate]
    let (captured, run) = (candidate.owners.count, match.devices.count)
    var pairs = (0..<match.first).map { ($0, $0) }
    pairs += (0..<match.last).map { (captured - match.last + $0, run - match.last + $0) }
    // A call of which only a part is certain would have too short a time.
    var missing: [Int32: Int] = [:]
    for call in candidate.calls { missing[call, default: 0] += 1 }
    for (launch, _) in pairs { missing[candidate.calls[launch], default: 0] -= 1 }
    if match.first < run, match.first > 0, match.last > 0 {
      // What ran between the two ends may belong to a call that reaches over it.
      let before = Set(candidate.calls.prefix(match.first))
      for call in candidate.calls.suffix(match.last) where before.contains(call) {
        missing[call] = 1
      }
    }
    var calls: [Int32: Int32] = [:]
    for (launch, position) in pairs {
      let (host, captured) = (candidate.owners[launch], candidate.calls[launch])
      guard host >= 0, missing[captured] == 0 else { continue }
      let call = calls[captured] ?? attribution.newCall()
      calls[captured] = call
      guard call >= 0 else { continue }
      attribution.assign(
        .init(rule: .graphCapture, host: host, call: call), to: match.devices[position])
      coverage.recovered += 1
      if candidate.kernels[launch] >= 0 { coverage.verified += 1 }
    }
  }
}
