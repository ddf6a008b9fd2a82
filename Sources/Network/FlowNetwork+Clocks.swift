// The clocks of links, and what flows have left by them.
extension FlowNetwork {
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

  mutating func setRate(_ link: Int, _ rate: Double) {
    advance(link)
    links[link].level = rate
    links[link].rate = rate < .infinity ? rate : 0
    makeStale(link)
  }

  private mutating func makeStale(_ link: Int) {
    guard !links[link].isStale else { return }
    links[link].isStale = true
    stale.append(Int32(truncatingIfNeeded: link))
  }

  /// Finds when the next flow of a link's clock ends.
  mutating func schedule(_ link: Int) {
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
