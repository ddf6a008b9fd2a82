// The rates of flows on tight links, by progressive filling, and the clocks that they drive.
extension FlowNetwork {
  /// Computes the rates anew of all that is connected with what has changed.
  mutating func settle() {
    var next = 0
    while next < dirty.count {
      let link = Int(dirty[next])
      next += 1
      // It may have been met from another.
      guard links[link].isDirty else { continue }
      links[link].isDirty = false
      guard links[link].isTight else { continue }
      if links[link].entangled.isEmpty {
        links[link].room = links[link].capacity
        links[link].waiting = 0
        setRate(link, level(link))
      } else {
        gather(link)
        fill()
      }
    }
    dirty.removeAll(keepingCapacity: true)
    for link in stale { schedule(Int(link)) }
    stale.removeAll(keepingCapacity: true)
  }

  /// Finds the tight links and entangled flows that are connected with a link.
  private mutating func gather(_ link: Int) {
    visit += 1
    component.removeAll(keepingCapacity: true)
    meet(link)
    var next = 0
    while next < component.count {
      let link = Int(component[next])
      next += 1
      for place in links[link].entangled.indices {
        let flow = Int(hops[Int(links[link].entangled[place])].flow)
        guard flows[flow].met != visit else { continue }
        flows[flow].met = visit
        for hop in flows[flow].hops where hops[hop].role >= 0 { meet(Int(hops[hop].link)) }
      }
    }
  }

  private mutating func meet(_ link: Int) {
    guard links[link].met != visit else { return }
    links[link].met = visit
    links[link].isDirty = false
    links[link].room = links[link].capacity
    links[link].waiting = links[link].entangled.count
    links[link].hasRate = false
    links[link].hasChanged = false
    component.append(Int32(truncatingIfNeeded: link))
  }

  /// Progressive filling over a component.
  ///
  /// The level of a link is the rate at which it fills if all of its flows without a rate rise
  /// together. It only goes up as flows get their rates, none above it; so the link with the
  /// lowest level is next to fill.
  private mutating func fill() {
    for link in component {
      let level = self.level(Int(link))
      if level < .infinity {
        levels.insert(link, level, &levelPlaces)
      } else {
        setRate(Int(link), 0)
      }
    }
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
            setRate(link, 0)
          }
          continue
        }
      }
      giveRates(link) {
        $0 <= level
      } at: {
        (-1, $0)
      }
      if links[link].hasChanged { continue }
      links[link].hasRate = true
      levels.remove(lowest.item, &levelPlaces)
      giveRates(link) { _ in
        true
      } at: { _ in
        (lowest.item, level)
      }
      setRate(link, level)
    }
  }

  /// Gives those of a link's entangled flows their rates whose limits are as wanted.
  private mutating func giveRates(
    _ link: Int, _ wanted: (Double) -> Bool, at home: (Double) -> (Int32, Double)
  ) {
    guard links[link].waiting > 0 else { return }
    for index in links[link].entangled.indices {
      let flow = hops[Int(links[link].entangled[index])].flow
      guard flows[Int(flow)].rated != visit, wanted(flows[Int(flow)].limit) else { continue }
      flows[Int(flow)].rated = visit
      let (home, rate) = home(flows[Int(flow)].limit)
      place(flow, at: home)
      for hop in flows[Int(flow)].hops where hops[hop].role >= 0 {
        let link = Int(hops[hop].link)
        guard !links[link].hasRate else { continue }
        links[link].room -= rate
        links[link].waiting -= 1
        links[link].hasChanged = true
      }
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
    guard count > 0 else { return .infinity }
    return max(links[link].room - links[link].boundSum, 0) / Double(count)
  }

  // MARK: Clocks

  /// Moves a flow to a link's clock, or to its limit (-1), unless it is there.
  mutating func place(_ flow: Int32, at home: Int32) {
    guard flows[Int(flow)].home != home else { return }
    put(flow, take(flow), at: home)
  }

  /// Adds a flow with so many bytes left to a link's clock, or to those at their limits (-1).
  mutating func put(_ flow: Int32, _ bytes: Double, at home: Int32) {
    let index = Int(flow)
    flows[index].home = home
    if home < 0 {
      flows[index].mark = bytes
      flows[index].since = time
      ends.insert(flow, end(bytes, flows[index].limit), &endPlaces)
    } else {
      advance(Int(home))
      flows[index].mark = links[Int(home)].clock + bytes
      links[Int(home)].sharing.insert(flow, flows[index].mark, &endPlaces)
      makeStale(Int(home))
    }
  }

  /// Removes a flow from where it is; returns the bytes that it has left.
  mutating func take(_ flow: Int32) -> Double {
    let bytes = remaining(flow)
    let home = Int(flows[Int(flow)].home)
    if home < 0 {
      ends.remove(flow, &endPlaces)
    } else {
      links[home].sharing.remove(flow, &endPlaces)
      makeStale(home)
    }
    return bytes
  }

  /// What a flow has left now; less than none where its end has passed.
  func remaining(_ flow: Int32) -> Double {
    let one = flows[Int(flow)]
    if one.home >= 0 { return one.mark - clock(Int(one.home)) }
    // What is unlimited is through at once; what stands still does not move, however long.
    guard one.limit < .infinity else { return 0 }
    return one.mark - one.limit * Self.seconds(time - one.since)
  }

  private func clock(_ link: Int) -> Double {
    links[link].clock + links[link].rate * Self.seconds(time - links[link].since)
  }

  private static func seconds(_ time: Int64) -> Double { Double(time) / 1e9 }

  /// Brings a link's clock to now.
  mutating func advance(_ link: Int) {
    guard links[link].since < time else { return }
    links[link].clock = clock(link)
    links[link].since = time
  }

  private mutating func setRate(_ link: Int, _ rate: Double) {
    advance(link)
    links[link].rate = rate < .infinity ? rate : 0
    makeStale(link)
  }

  private mutating func makeStale(_ link: Int) {
    guard !links[link].isStale else { return }
    links[link].isStale = true
    stale.append(Int32(truncatingIfNeeded: link))
  }

  /// Finds when the next flow of a link's clock ends.
  private mutating func schedule(_ link: Int) {
    links[link].isStale = false
    advance(link)
    let item = Int32(truncatingIfNeeded: link)
    guard let first = links[link].sharing.least else {
      links[link].clock = 0
      links[link].rate = 0
      if clockPlaces[link] >= 0 { clocks.remove(item, &clockPlaces) }
      clockPlaces[link] = -1
      return
    }
    let end = self.end(first.key - links[link].clock, links[link].rate)
    if clockPlaces[link] >= 0 {
      clocks.update(item, end, &clockPlaces)
    } else {
      clocks.insert(item, end, &clockPlaces)
    }
    // A clock that never stands still would lose its last bytes.
    if links[link].clock > 0x1p48 { restart(link) }
  }

  private mutating func restart(_ link: Int) {
    let clock = links[link].clock
    links[link].clock = 0
    links[link].sharing.lower(by: clock)
    for entry in links[link].sharing.entries { flows[Int(entry.item)].mark = entry.key }
  }

  /// When so many bytes are through from now on at a rate in bytes per second.
  private func end(_ bytes: Double, _ rate: Double) -> Int64 {
    guard bytes > 0 else { return time }
    guard rate > 0 else { return .max }
    let duration = ((bytes / rate - Self.rounding) * 1e9).rounded(.up)
    guard duration > 0 else { return time }
    guard let whole = Int64(exactly: duration) else { return .max }
    let (end, overflow) = time.addingReportingOverflow(whole)
    return overflow ? .max : end
  }
}
