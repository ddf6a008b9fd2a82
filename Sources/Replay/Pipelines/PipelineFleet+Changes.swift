import Operators
import Scenarios

/// Engines that fail and come back, start and stop.
extension PipelineFleet {
  /// Foresees everything that is known to change.
  mutating func foreseeChanges() {
    for (index, pool) in plan.scenario.pools.enumerated() {
      for (number, outage) in pool.outages.enumerated()
      where (0..<pools[index].count).contains(outage.engine) {
        foresee(
          .failure, pools[index].first + outage.engine,
          at: Nanoseconds(seconds: outage.start).rawValue, tag: UInt32(number))
      }
      guard let scaling = pool.scaling else { continue }
      for engine in pools[index].range where engines[engine].number >= scaling.minimum {
        engines[engine].isUp = false
        engines[engine].isStopped = true
      }
      foresee(.scaling, index, at: Nanoseconds(seconds: scaling.interval).rawValue)
    }
  }

  // MARK: Outages

  /// Has an engine fail: what it was doing begins anew elsewhere.
  mutating func fail(_ engine: Int, outage number: Int, at time: Int64) {
    let outage = plan.scenario.pools[engines[engine].pool].outages[number]
    // What was not up does not fail; it stays away as long.
    if engines[engine].isUp || engines[engine].isStarting {
      engines[engine].failures += 1
      trace?.add(.failed, of: engine, at: time)
    }
    engines[engine].epoch &+= 1
    if let duration = outage.duration {
      foresee(
        .comeback, engine, at: (Nanoseconds(time) + Nanoseconds(seconds: duration)).rawValue,
        tag: engines[engine].epoch)
    }
    close(engine, at: time)
    engines[engine].isAway = true
    empty(engine, at: time)
    if engines[engine].kind == .model { loseWrites(of: engine, at: time) }
    // They begin anew in the order in which their requests came.
    var lost: [Int] = []
    for task in tasks.indices where Int(tasks[task].engine) == engine && isUnderWay(task) {
      lost.append(task)
    }
    lost.sort {
      (journeys[journey(of: $0)].number, $0) < (journeys[journey(of: $1)].number, $1)
    }
    // Keys and values that it kept are gone: nobody is let in with them, and who waits for them computes them.
    for task in lost where tasks[task].phase == .ended { tasks[task].heldSlot = -1 }
    for place in decodeQueues.indices {
      decodeQueues[place] = decodeQueues[place].filter { tasks[prefill(of: Int($0))].heldSlot >= 0 }
    }
    for task in lost where Int(tasks[task].engine) == engine {
      if tasks[task].phase == .ended {
        restartDecode(of: task, at: time)
      } else if isUnderWay(task) {
        restart(task, at: time)
      }
    }
  }

  /// Whether a task is on its engine, or left anything there.
  private func isUnderWay(_ task: Int) -> Bool {
    guard journeys[task / stride].isInUse else { return false }
    switch tasks[task].phase {
    case .travelling, .queued, .running: return true
    case .ended: return tasks[task].heldSlot >= 0
    case .waiting, .skipped: return false
    }
  }

  /// Begins a decode anew whose prefill engine failed before its keys and values had come.
  private mutating func restartDecode(of prefill: Int, at time: Int64) {
    let decode = prefill - prefill % stride + part(of: prefill).partner
    guard tasks[decode].phase == .queued || tasks[decode].phase == .travelling else { return }
    dropDecode(decode, at: time)
    restart(decode, at: time)
  }

  /// Forgets everything that an engine did and held.
  private mutating func empty(_ engine: Int, at time: Int64) {
    let place = engines[engine].place
    for work in works.indices where works[work].isInUse && Int(works[work].engine) == engine {
      let traffic = ScenarioLinks.Errand.work(Int32(work), serial: works[work].serial)
      links.cancel(at: time) { $0 == traffic }
      noteBusy(works[work], at: time)
      freeWork(Int32(work))
    }
    switch engines[engine].kind {
    case .model:
      noteLostService(on: engine, at: time)
      for ticket in tickets.indices
      where tickets[ticket].isInUse && Int(tickets[ticket].engine) == engine {
        freeTicket(Int32(ticket))
      }
      decodeQueues[place] = []
      awaiting[place] = []
      links.cancel(at: time) {
        if case .exchange(let exchanging, _) = $0 { Int(exchanging) == engine } else { false }
      }
      // What was reserved here is gone; what another engine keeps for a decode is not.
      for task in tasks.indices
      where Int(tasks[task].engine) == engine && tasks[task].phase == .travelling {
        tasks[task].heldSlot = -1
      }
      let busyTime = models[place].totals.busyTime
      models[place].cutSteps(at: time)
      if load != nil { noteLoad(ofStepOf: engine, since: busyTime, at: time) }
      traceSteps(of: engine, all: true)
      engines[engine].earlierTotals.append(models[place].totals)
      models[place] = Engine(
        group: models[place].group, index: models[place].index,
        limits: models[place].scheduler.limits, options: engineOptions)
    case .encoder:
      if encoders[place].isBusy { noteBusyPass(of: engine, at: time) }
      encoders[place].drain()
      engines[engine].isWoken = false
    case .processors, .external:
      queues[place].removeAll()
      batches[place].removeAll()
    case .store: break
    }
  }

  /// Notes what a language model's engine had served of tasks that it loses; of a task's paths since the first began.
  private mutating func noteLostService(on engine: Int, at time: Int64) {
    let place = engines[engine].place
    var begins: [Int: Int64] = [:]
    for slot in models[place].scheduler.running {
      let resident = models[place].scheduler.residents[Int(slot)]
      guard holdsNow(resident.request) else { continue }
      let task = Int(tickets[Int(resident.request)].task)
      let begin = max(resident.scheduled, tasks[task].arrived)
      begins[task] = min(begins[task] ?? begin, begin)
    }
    for (task, begin) in begins where begin < time {
      tasks[task].lostService += time - begin
      // A path that has ended told its beginning already.
      if tasks[task].phase == .running { tasks[task].phase = .queued }
    }
  }

  /// Notes that an engine was up until now, if it is.
  mutating func noteUp(_ engine: Int, until time: Int64) {
    // The clock begins with the log's origin, engines with the first request.
    let since = max(engines[engine].upSince, min(result.firstArrival, time))
    guard engines[engine].isUp, since < time else { return }
    engines[engine].upTime += time - since
    load?.add(.up, of: engines[engine].pool, from: since, to: time)
  }

  private mutating func close(_ engine: Int, at time: Int64) {
    noteUp(engine, until: time)
    engines[engine].isUp = false
    engines[engine].isStarting = false
    engines[engine].isDraining = false
  }

  /// Has an engine serve, and those that waited for one go there.
  mutating func comeBack(_ engine: Int, at time: Int64) {
    guard !engines[engine].isUp else { return }
    // What had been stopped before it failed stays so.
    guard engines[engine].isStarting || !engines[engine].isStopped else {
      engines[engine].isAway = false
      return
    }
    engines[engine].isUp = true
    engines[engine].isStopped = false
    engines[engine].isStarting = false
    engines[engine].isAway = false
    engines[engine].upSince = time
    trace?.add(.started, of: engine, at: time)
    beginPending(engines[engine].pool, at: time)
  }

  /// Begins what waited for an engine of a pool.
  private mutating func beginPending(_ pool: Int, at time: Int64) {
    // What goes on may load pools of which nothing was expected any more.
    for other in pools.indices where pools[other].isAsleep {
      pools[other].isAsleep = false
      foreseeLook(other, at: time)
    }
    let waiting = pools[pool].pending
    pools[pool].pending = []
    for waiter in waiting {
      let task = Int(waiter.task)
      guard tasks[task].attempt == waiter.attempt, tasks[task].phase == .waiting,
        tasks[task].predecessorsLeft == 0
      else { continue }
      begin(task, at: time)
    }
  }

  // MARK: Scaling

  /// Starts or stops an engine by the load of its pool.
  mutating func scale(_ pool: Int, at time: Int64) {
    guard let scaling = plan.scenario.pools[pool].scaling else { return }
    let range = pools[pool].range
    let available = range.filter { engines[$0].isOpen || engines[$0].isStarting }
    let waiting = pools[pool].pending.count
    let requests = loads[pool].reduce(waiting) { $0 + $1.load.requests }
    let load = Double(requests) / Double(max(1, available.count))
    var hasChanged = true
    if load > scaling.upper || available.count < scaling.minimum {
      if let draining = range.first(where: { engines[$0].isUp && engines[$0].isDraining }) {
        engines[draining].isDraining = false
        beginPending(pool, at: time)
      } else if let next = range.first(where: {
        !engines[$0].isUp && !engines[$0].isStarting && !engines[$0].isAway
      }) {
        engines[next].isStarting = true
        foresee(
          .comeback, next, at: (Nanoseconds(time) + Nanoseconds(seconds: scaling.startup)).rawValue,
          tag: engines[next].epoch)
      } else {
        hasChanged = false
      }
    } else if load < scaling.lower, case let open = available.filter({ engines[$0].isOpen }),
      open.count > max(1, scaling.minimum), let last = open.last
    {
      // Those on their way do not count: until they are there nobody would serve in place of the last.
      engines[last].isDraining = true
      stopIfDrained(last, at: time)
    } else {
      hasChanged = false
    }
    guard result.underWay > 0 || !isAtEnd || sessions.waitingCount > 0 else { return }
    lookLater(pool, at: time, hasChanged: hasChanged)
  }

  /// Foresees the next look at a pool, unless nothing else can happen any more: then looks alone would go on
  /// for ever, and it is looked at again when an engine comes.
  private mutating func lookLater(_ pool: Int, at time: Int64, hasChanged: Bool) {
    pools[pool].isAsleep = isAtEnd && nothingButLooks
    guard !pools[pool].isAsleep else { return }
    // Until something happens a look sees what this one saw: there are no more of them than of what happens,
    // however short the time between two.
    foreseeLook(pool, at: time, until: hasChanged ? time : nextChange)
  }

  /// Foresees the first look at a pool a whole number of intervals after one, no earlier than `change`.
  private mutating func foreseeLook(_ pool: Int, at time: Int64, until change: Int64? = nil) {
    guard let scaling = plan.scenario.pools[pool].scaling else { return }
    let interval = max(1, Nanoseconds(seconds: scaling.interval).rawValue)
    let intervals = max(0, (change ?? time) - time - 1) / interval + 1
    let wait = intervals.multipliedReportingOverflow(by: interval)
    foresee(
      .scaling, pool,
      at: (Nanoseconds(time) + Nanoseconds(wait.overflow ? .max : wait.partialValue)).rawValue)
  }

  /// Stops an engine that takes no further requests and has none.
  mutating func stopIfDrained(_ engine: Int, at time: Int64) {
    guard engines[engine].isDraining, load(of: engine).requests == 0 else { return }
    if engines[engine].kind == .model {
      // Blocks may be kept for answers elsewhere, or paths go on that nobody waits for.
      let scheduler = models[engines[engine].place].scheduler
      guard scheduler.pool.usedCount == 0, scheduler.outstanding == 0 else { return }
    }
    close(engine, at: time)
    engines[engine].isStopped = true
    engines[engine].epoch &+= 1
    trace?.add(.stopped, of: engine, at: time)
    empty(engine, at: time)
  }
}
