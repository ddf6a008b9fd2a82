import TraceIO

/// The launches of graphs with their kernels, step by step.
struct GraphLaunches {
  /// One launch of a graph.
  struct Launch {
    /// The launch, a number of the hosts.
    var host: Int32
    /// Its device events in the order of the device.
    var devices: [Int]
  }

  /// The launches within one annotated step, or one launch outside of any.
  struct Step {
    /// How many rows the step computed, where its annotation tells.
    var size: Int?
    var launches: [Launch]
  }

  /// All launches in the order of the processor.
  private(set) var all: [Launch] = []
  /// The same by steps.
  private(set) var steps: [Step] = []

  /// - Complexity: O(*n* log *n*) in the number of events.
  init(_ events: TraceEvents, _ attribution: KernelAttribution) {
    var numbers: [Int32: Int] = [:]
    for (index, owner) in attribution.owners.enumerated() where owner.rule == .graph {
      let host = attribution.launches[index]
      if let number = numbers[host] {
        all[number].devices.append(index)
      } else {
        numbers[host] = all.count
        all.append(Launch(host: host, devices: [index]))
      }
    }
    all.sort {
      (events.hosts[Int($0.host)].start, $0.host) < (events.hosts[Int($1.host)].start, $1.host)
    }
    for index in all.indices {
      all[index].devices.sort {
        (events.devices[$0].start, $0) < (events.devices[$1].start, $1)
      }
    }
    if !all.isEmpty { gatherSteps(events) }
  }

  private mutating func gatherSteps(_ events: TraceEvents) {
    var batches: [Int32: StepBatch?] = [:]
    var spans: [Enclosing.Span] = []
    var sizes: [Int?] = []
    for annotation in events.annotations {
      let batch: StepBatch?
      if let known = batches[annotation.name] {
        batch = known
      } else {
        batch = StepBatch(annotation: events.texts[annotation.name])
        batches[annotation.name] = .some(batch)
      }
      guard let batch else { continue }
      spans.append(
        Enclosing.Span(
          start: annotation.start, end: annotation.end,
          process: events.process(of: annotation.thread)))
      sizes.append(batch.graphSize)
    }
    let owners = Enclosing.innermost(
      all.map {
        let host = events.hosts[Int($0.host)]
        return Enclosing.Point(start: host.start, process: events.process(of: host.thread))
      }, in: spans)
    var numbers: [Int32: Int] = [:]
    for (launch, owner) in zip(all, owners) {
      if owner >= 0, let number = numbers[owner] {
        steps[number].launches.append(launch)
      } else {
        if owner >= 0 { numbers[owner] = steps.count }
        steps.append(Step(size: owner >= 0 ? sizes[Int(owner)] : nil, launches: [launch]))
      }
    }
  }
}
