import TraceIO

/// Makes steps of the annotations that name them.
enum AnnotatedSteps {
  /// The annotations that name steps of an engine or of the profiler, by start, each with what was
  /// launched within it; `base` is added to their starts.
  ///
  /// A kernel belongs to every step, one within the other or not, in whose span on the host it was
  /// launched, by the same process. That it may run later, when the host is steps ahead, is why the
  /// spans of the device are not asked.
  static func make(
    _ events: TraceEvents, _ attribution: KernelAttribution, base: Int64
  ) -> [StepAnnotation] {
    var isStep: [Int32: Bool] = [:]
    let annotations = events.annotations.filter { annotation in
      if let known = isStep[annotation.name] { return known }
      let result = StepAnnotation.isStep(events.texts[annotation.name])
      isStep[annotation.name] = result
      return result
    }
    guard !annotations.isEmpty else { return [] }
    let launched = LaunchedWork(events, attribution)
    let steps = annotations.map { annotation in
      let name = events.texts[annotation.name]
      let (start, overflow) = base.addingReportingOverflow(annotation.start)
      return StepAnnotation(
        name: name, start: overflow ? annotation.start : start, duration: annotation.duration,
        batch: StepBatch(annotation: name),
        kernels: events.devices.isEmpty
          ? nil
          : launched.total(
            from: annotation.start, to: annotation.end,
            process: events.process(of: annotation.thread)))
    }
    return steps.sorted { ($0.start, $1.duration, $0.name) < ($1.start, $0.duration, $1.name) }
  }
}

/// The work of the device by the time of its launch, with running sums.
private struct LaunchedWork {
  private var launches: [(process: Int32, start: Int64)] = []
  /// The total before each launch, and that of all.
  private var totals: [Tally] = [Tally()]

  /// - Complexity: O(*n* log *n*) in the number of device events.
  init(_ events: TraceEvents, _ attribution: KernelAttribution) {
    var work: [(process: Int32, start: Int64, duration: Int64)] = []
    for (device, launch) in zip(events.devices, attribution.launches) where launch >= 0 {
      let host = events.hosts[Int(launch)]
      work.append((events.process(of: host.thread), host.start, device.duration))
    }
    work.sort { ($0.process, $0.start) < ($1.process, $1.start) }
    var total = Tally()
    for item in work {
      launches.append((item.process, item.start))
      total.add(item.duration)
      totals.append(total)
    }
  }

  /// What was launched from `start` on and before `end`.
  ///
  /// - Complexity: O(log *n*) in the number of device events.
  func total(from start: Int64, to end: Int64, process: Int32) -> Tally {
    let (first, last) = (before(process, start), before(process, end))
    guard first <= last else { return Tally() }
    return Tally(
      count: totals[last].count - totals[first].count,
      nanoseconds: totals[last].nanoseconds - totals[first].nanoseconds)
  }

  private func before(_ process: Int32, _ start: Int64) -> Int {
    var (low, high) = (0, launches.count)
    while low < high {
      let middle = low + (high - low) / 2
      if launches[middle] < (process, start) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
