// Which links are tight, and which of them a flow crosses.
extension FlowNetwork {
  /// Puts a flow, whose mark is the bytes it has left, on its links, at its limit.
  mutating func attach(_ flow: Int32) {
    let index = Int(flow)
    var limit = flows[index].ownRate
    var narrowest: (capacity: Double, link: Int32) = (.infinity, -1)
    for hop in flows[index].hops {
      let link = (capacity: links[Int(hops[hop].link)].capacity, link: hops[hop].link)
      if narrowest.link < 0 || link < narrowest { narrowest = link }
    }
    limit = min(limit, narrowest.capacity)
    flows[index].limit = limit
    flows[index].narrowest = narrowest.link
    flows[index].tight = 0
    put(flow, flows[index].mark, at: -1)
    let weight = flows[index].weight
    var bears = false
    for hop in flows[index].hops {
      let number = hops[hop].link
      hops[hop].place = Int32(truncatingIfNeeded: links[Int(number)].hops.count)
      hops[hop].role = Hop.onSlack
      hops[hop].isGrouped = links[Int(number)].take(
        Int32(truncatingIfNeeded: hop), weight,
        of: number == narrowest.link ? nil : narrowest.link, atMost: narrowest.capacity, at: time)
      bears = bears || links[Int(number)].mayBind
    }
    guard bears else { return }
    for hop in flows[index].hops where links[Int(hops[hop].link)].isTight { meetTight(hop) }
    for hop in flows[index].hops {
      let link = Int(hops[hop].link)
      if !links[link].isTight, links[link].mayBind {
        links[link].isTight = true
        for place in links[link].hops.indices { meetTight(Int(links[link].hops[place])) }
      }
    }
  }

  /// Takes a flow off its links; its mark is then the bytes it has left.
  mutating func detach(_ flow: Int32) {
    let index = Int(flow)
    for hop in flows[index].tightHops {
      leaveRole(hop)
      makeDirty(Int(hops[hop].link))
    }
    flows[index].mark = take(flow)
    let (weight, narrowest) = (flows[index].weight, flows[index].narrowest)
    let most = narrowest < 0 ? 0 : links[Int(narrowest)].capacity
    for hop in flows[index].hops {
      let link = Int(hops[hop].link)
      let last = links[link].give(
        hops[hop].place, weight, of: hops[hop].isGrouped ? narrowest : nil, atMost: most, at: time)
      hops[Int(last)].place = hops[hop].place
      if links[link].isTight, canLoosen(link) { loosen(link) }
    }
  }

  /// Whether limits are so far down that a link counts as slack: with many flows half way down, for it
  /// takes time to become tight again.
  private func canLoosen(_ link: Int) -> Bool {
    let count = links[link].hops.count
    return count <= 1 || links[link].weight <= links[link].capacity * (count <= 4 ? 1 : 0.5)
  }

  private mutating func loosen(_ link: Int) {
    links[link].isTight = false
    for place in links[link].hops.indices { leaveTight(Int(links[link].hops[place])) }
  }

  /// Counts a tight link to a flow.
  private mutating func meetTight(_ hop: Int) {
    let index = Int(hops[hop].flow)
    let (first, tight) = (Int(flows[index].firstHop), Int(flows[index].tight))
    makeDirty(Int(hops[hop].link))
    exchange(hop, first + tight)
    flows[index].tight += 1
    guard tight > 0 else { return takeOnlyRole(first) }
    if tight == 1 {
      leaveRole(first)
      entangle(first)
      makeDirty(Int(hops[first].link))
    }
    entangle(first + tight)
  }

  /// No longer counts a link to a flow that was tight.
  private mutating func leaveTight(_ hop: Int) {
    let (flow, link) = (hops[hop].flow, hops[hop].link)
    let index = Int(flow)
    leaveRole(hop)
    flows[index].tight -= 1
    exchange(hop, flows[index].tightHops.upperBound)
    for other in flows[index].tightHops { makeDirty(Int(hops[other].link)) }
    switch flows[index].tight {
    case 0:
      place(flow, at: -1)
    case 1:
      let other = flows[index].tightHops.lowerBound
      leaveRole(other)
      if flows[index].home >= 0 { place(flow, at: hops[other].link) }
      takeOnlyRole(other)
    default:
      // Until rates are computed; its bottleneck must be a tight link.
      if flows[index].home == link { place(flow, at: -1) }
    }
  }

  /// Has two hops of a flow change places.
  private mutating func exchange(_ one: Int, _ other: Int) {
    guard one != other else { return }
    hops.swapAt(one, other)
    point(at: one)
    point(at: other)
  }

  private mutating func point(at hop: Int) {
    let link = Int(hops[hop].link)
    links[link].hops[Int(hops[hop].place)] = Int32(truncatingIfNeeded: hop)
    guard hops[hop].role >= 0 else { return }
    links[link].entangled[Int(hops[hop].role)] = Int32(truncatingIfNeeded: hop)
  }

  /// Makes the hop that on the only tight link of its flow, which is bound or shares there.
  private mutating func takeOnlyRole(_ hop: Int) {
    let (flow, link) = (hops[hop].flow, Int(hops[hop].link))
    hops[hop].role = Hop.onOnlyTight
    let limit = flows[Int(flow)].limit
    if flows[Int(flow)].home < 0 {
      links[link].bound.insert(flow, -limit, &limitPlaces)
      links[link].boundSum += limit
    } else {
      links[link].unbound.insert(flow, limit, &limitPlaces)
    }
  }

  private mutating func entangle(_ hop: Int) {
    let link = Int(hops[hop].link)
    hops[hop].role = Int32(truncatingIfNeeded: links[link].entangled.count)
    links[link].entangled.append(Int32(truncatingIfNeeded: hop))
  }

  /// Takes a hop out of what its link keeps of flows on tight links.
  private mutating func leaveRole(_ hop: Int) {
    let (flow, link) = (hops[hop].flow, Int(hops[hop].link))
    let role = hops[hop].role
    hops[hop].role = Hop.onSlack
    if role >= 0 {
      let last = links[link].entangled.removeLast()
      guard last != Int32(truncatingIfNeeded: hop) else { return }
      links[link].entangled[Int(role)] = last
      hops[Int(last)].role = role
    } else if flows[Int(flow)].home < 0 {
      unbind(flow, link)
    } else {
      links[link].unbound.remove(flow, &limitPlaces)
    }
  }

  /// Takes a flow out of those that are bound on a link.
  mutating func unbind(_ flow: Int32, _ link: Int) {
    links[link].bound.remove(flow, &limitPlaces)
    // Sums that come and go would drift.
    if links[link].bound.count == 0 {
      links[link].boundSum = 0
    } else {
      links[link].boundSum -= flows[Int(flow)].limit
    }
  }

  /// Has the rates on a link computed anew.
  private mutating func makeDirty(_ link: Int) {
    guard !links[link].isDirty else { return }
    links[link].isDirty = true
    dirty.append(Int32(truncatingIfNeeded: link))
  }
}
