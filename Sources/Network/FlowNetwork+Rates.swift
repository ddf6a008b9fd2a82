// The rates of flows on tight links, by progressive filling.
extension FlowNetwork {
  /// Relative differences between rates that are rounding, not change.
  private static let tolerance = 1e-12
  /// After so many rounds all that is connected is computed.
  private static let mostRounds = 24

  /// Computes the rates anew that what has changed bears upon.
  ///
  /// First only those at the links that have changed, as if all flows that have their bottleneck
  /// elsewhere kept their rates. Then links are added where that does not hold: bottlenecks of flows that would
  /// now be too fast for a link, bottlenecks that flows cross whose rates have changed, and links that
  /// would carry too much. If there is none, rates are max-min fair: every flow has its limit or a bottleneck.
  mutating func settle() {
    // Most changes touch no tight link.
    guard !dirty.isEmpty || !stale.isEmpty else { return }
    component.removeAll(keepingCapacity: true)
    visit += 1
    for link in dirty {
      let link = Int(link)
      links[link].isDirty = false
      guard links[link].isTight else { continue }
      if links[link].entangled.isEmpty {
        links[link].room = links[link].capacity
        links[link].waiting = 0
        setRate(link, level(link))
      } else {
        meet(link)
      }
    }
    dirty.removeAll(keepingCapacity: true)
    var rounds = 0
    var known = 0
    while component.count > known {
      known = component.count
      round += 1
      rounds += 1
      fill()
      if rounds < Self.mostRounds { addAffected() } else { addConnected() }
    }
    if known > 0 { rememberRates() }
    for link in stale { schedule(Int(link)) }
    stale.removeAll(keepingCapacity: true)
  }

  private mutating func meet(_ link: Int) {
    guard met[link] != visit else { return }
    met[link] = visit
    component.append(Int32(truncatingIfNeeded: link))
  }

  /// Whether a flow's rate is being computed; else its bottleneck is a link beyond those at hand.
  private func isOpen(_ flow: Int) -> Bool {
    let home = Int(flows[flow].home)
    return home < 0 || met[home] == visit
  }

  private func presentRate(_ flow: Int) -> Double {
    let home = Int(flows[flow].home)
    return home < 0 ? flows[flow].limit : links[home].rate
  }

  private static func differ(_ rate: Double, _ before: Double) -> Bool {
    abs(rate - before) > tolerance * max(rate, before)
  }

  /// Adds the links for which the rates that were just computed do not hold.
  private mutating func addAffected() {
    for index in component.indices {
      let link = Int(component[index])
      let highest = links[link].level * (1 + Self.tolerance)
      for place in links[link].entangled.indices {
        let flow = Int(hops[Int(links[link].entangled[place])].flow)
        let rate = presentRate(flow)
        guard isOpen(flow) else {
          if rate > highest { meet(Int(flows[flow].home)) }
          continue
        }
        guard Self.differ(rate, flows[flow].knownRate) else { continue }
        let isFaster = rate > flows[flow].knownRate
        for hop in flows[flow].tightHops {
          let other = Int(hops[hop].link)
          guard met[other] != visit else { continue }
          if links[other].sharing.count > 0 {
            meet(other)
          } else if isFaster, links[other].checked != round {
            links[other].checked = round
            if isOverfull(other) { meet(other) }
          }
        }
      }
    }
  }

  /// Whether a link that is no flow's bottleneck carries too much.
  private func isOverfull(_ link: Int) -> Bool {
    let load = links[link].entangled.reduce(links[link].boundSum) { sum, hop in
      sum + presentRate(Int(hops[Int(hop)].flow))
    }
    return load > links[link].capacity * (1 + Self.tolerance)
  }

  /// Adds all links that are connected by flows.
  private mutating func addConnected() {
    var next = 0
    while next < component.count {
      let link = Int(component[next])
      next += 1
      for place in links[link].entangled.indices {
        let flow = Int(hops[Int(links[link].entangled[place])].flow)
        for hop in flows[flow].tightHops { meet(Int(hops[hop].link)) }
      }
    }
  }

  /// Keeps the rates that other links now reckon with; what is rounding does not add up.
  private mutating func rememberRates() {
    for link in component {
      for hop in links[Int(link)].entangled {
        let flow = Int(hops[Int(hop)].flow)
        let rate = presentRate(flow)
        if Self.differ(rate, flows[flow].knownRate) { flows[flow].knownRate = rate }
      }
    }
  }

  /// Progressive filling over the links at hand.
  ///
  /// The level of a link is the rate at which it fills if all of its flows without a rate rise
  /// together. It only goes up as flows get their rates, none above it; so the link with the
  /// lowest level is next to fill.
  private mutating func fill() {
    for index in component.indices { open(Int(component[index])) }
    while let lowest = levels.least {
      let link = Int(lowest.item)
      var level = lowest.key
      if links[link].hasChanged {
        links[link].hasChanged = false
        level = self.level(link)
        if level > lowest.key {
          if level < .infinity {
            levels.update(lowest.item, level, &levelPlaces)
          } else {
            levels.remove(lowest.item, &levelPlaces)
            setRate(link, level)
          }
          continue
        }
      }
      giveRates(link, upTo: level)
      if links[link].hasChanged { continue }
      links[link].hasRate = true
      levels.remove(lowest.item, &levelPlaces)
      giveRates(link, at: lowest.item, level)
      setRate(link, level)
    }
  }

  /// Prepares a link for filling: flows that are not open have their rates.
  private mutating func open(_ link: Int) {
    links[link].hasRate = false
    links[link].hasChanged = false
    var (room, waiting) = (links[link].capacity, 0)
    for place in links[link].entangled.indices {
      let flow = Int(hops[Int(links[link].entangled[place])].flow)
      if isOpen(flow) { waiting += 1 } else { room -= presentRate(flow) }
    }
    links[link].room = room
    links[link].waiting = waiting
    let level = self.level(link)
    if level < .infinity {
      levels.insert(Int32(truncatingIfNeeded: link), level, &levelPlaces)
    } else {
      setRate(link, level)
    }
  }

  /// Gives those of a link's open flows their limits as rates that have them at or below its level.
  private mutating func giveRates(_ link: Int, upTo level: Double) {
    guard links[link].waiting > 0 else { return }
    for place in links[link].entangled.indices {
      let flow = hops[Int(links[link].entangled[place])].flow
      let limit = flows[Int(flow)].limit
      if limit <= level { giveRate(flow, limit, at: -1) }
    }
  }

  /// Gives all of a link's open flows without a rate its level.
  private mutating func giveRates(_ link: Int, at home: Int32, _ level: Double) {
    guard links[link].waiting > 0 else { return }
    for place in links[link].entangled.indices {
      giveRate(hops[Int(links[link].entangled[place])].flow, level, at: home)
    }
  }

  private mutating func giveRate(_ flow: Int32, _ rate: Double, at home: Int32) {
    let index = Int(flow)
    guard flows[index].rated != round, isOpen(index) else { return }
    flows[index].rated = round
    place(flow, at: home)
    for hop in flows[index].tightHops {
      let link = Int(hops[hop].link)
      guard met[link] == visit, !links[link].hasRate else { continue }
      links[link].room -= rate
      links[link].waiting -= 1
      links[link].hasChanged = true
    }
  }

  /// The level of a link; binds its flows with a limit below it, and frees those with one above.
  private mutating func level(_ link: Int) -> Double {
    while let largest = links[link].bound.least {
      let room = links[link].room - links[link].boundSum
      let count = links[link].unbound.count + links[link].waiting
      guard count == 0 ? room < 0 : -largest.key * Double(count) > room else { break }
      unbind(largest.item, link)
      place(largest.item, at: Int32(truncatingIfNeeded: link))
      links[link].unbound.insert(largest.item, -largest.key, &limitPlaces)
    }
    while let least = links[link].unbound.least {
      let room = links[link].room - links[link].boundSum
      let count = links[link].unbound.count + links[link].waiting
      guard least.key * Double(count) <= room else { break }
      links[link].unbound.remove(least.item, &limitPlaces)
      place(least.item, at: -1)
      links[link].bound.insert(least.item, -least.key, &limitPlaces)
      links[link].boundSum += least.key
    }
    let count = links[link].unbound.count + links[link].waiting
    guard count > 0 else {
      // Flows that have their rates may be too much for it together.
      let isOverfull = links[link].room < -Self.tolerance * links[link].capacity
      return links[link].bound.count == 0 && isOverfull ? 0 : .infinity
    }
    return max(links[link].room - links[link].boundSum, 0) / Double(count)
  }
}
