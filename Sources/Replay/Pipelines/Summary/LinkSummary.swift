public import Operators

/// What a link carried.
public struct LinkSummary: Sendable, Hashable, Codable {
  /// How many links a summary names.
  public static let most = 20

  /// Its name: where it leads from, or what it stands for.
  public var name: String
  /// Bytes a second that it can carry.
  public var capacity: Double
  /// Bytes that it carried.
  public var bytes: Double
  /// These, as a part of what it could have carried in the makespan; at most 1.
  public var utilisation: Double
  /// Time in which anything was on it.
  public var busyTime: Nanoseconds
  /// The most transfers that were on it at once.
  public var peakFlows: Int

  private enum CodingKeys: String, CodingKey {
    case name, bytes, utilisation
    case capacity = "bytes_per_second"
    case busyTime = "busy_ns"
    case peakFlows = "peak_flows"
  }

  init(_ totals: LinkTotals, over makespan: Nanoseconds) {
    name = totals.name
    capacity = totals.capacity
    bytes = totals.bytes
    busyTime = totals.busyTime
    peakFlows = totals.peakFlows
    let most = totals.capacity * makespan.seconds
    // What is written back may travel on when the last request has ended.
    utilisation = most > 0 ? min(1, totals.bytes / most) : 0
  }

  /// The busiest links that carried anything, the busiest first; of equals in the order of the network.
  static func busiest(_ links: [LinkTotals], over makespan: Nanoseconds) -> [LinkSummary] {
    let used = links.enumerated().filter { $0.element.bytes > 0 }
      .map { (place: $0.offset, link: LinkSummary($0.element, over: makespan)) }
    return used.sorted { ($0.link.utilisation, $1.place) > ($1.link.utilisation, $0.place) }
      .prefix(most).map(\.link)
  }
}

/// What like links carried: those whose names differ by a number.
public struct LinkGroupSummary: Sendable, Hashable, Codable {
  /// Their name without the number: "engine up".
  public var name: String
  /// How many there are.
  public var links = 0
  /// How many carried anything.
  public var used = 0
  /// Bytes that they carried.
  public var bytes = 0.0
  /// The mean of their utilisations.
  public var meanUtilisation = 0.0
  /// The largest one.
  public var peakUtilisation = 0.0
  /// The most transfers that were on one of them at once.
  public var peakFlows = 0

  private enum CodingKeys: String, CodingKey {
    case name, links, used, bytes
    case meanUtilisation = "mean_utilisation"
    case peakUtilisation = "peak_utilisation"
    case peakFlows = "peak_flows"
  }

  /// The groups, in the order of their first links.
  static func groups(_ links: [LinkTotals], over makespan: Nanoseconds) -> [LinkGroupSummary] {
    var groups: [LinkGroupSummary] = []
    var places: [String: Int] = [:]
    for totals in links {
      let link = LinkSummary(totals, over: makespan)
      let name = commonName(link.name)
      let place = places[name] ?? groups.count
      if place == groups.count {
        places[name] = place
        groups.append(LinkGroupSummary(name: name))
      }
      groups[place].links += 1
      groups[place].used += link.bytes > 0 ? 1 : 0
      groups[place].bytes += link.bytes
      groups[place].meanUtilisation += link.utilisation
      groups[place].peakUtilisation = max(groups[place].peakUtilisation, link.utilisation)
      groups[place].peakFlows = max(groups[place].peakFlows, link.peakFlows)
    }
    for place in groups.indices { groups[place].meanUtilisation /= Double(groups[place].links) }
    return groups
  }

  /// A name without the last of its words that is a number.
  static func commonName(_ name: String) -> String {
    var words = name.split(separator: " ")
    guard
      let number = words.lastIndex(where: { word in
        word.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      })
    else { return name }
    words.remove(at: number)
    return words.joined(separator: " ")
  }
}
