import Operators

/// What in a scenario cannot be simulated, and where it stands.
public struct ScenarioConflict: Sendable, Hashable {
  /// One step on the way from the whole to a part.
  public enum Step: Sendable, Hashable {
    /// To the value of a key of the text.
    case key(String)
    /// To an item of a list, from 0.
    case item(Int)
  }

  /// The way there, by the names of the text: `engines`, 2, `routing`.
  public var place: [Step]
  /// A sentence that says what is wrong and what to do.
  public var message: String

  /// Creates a conflict about one key.
  init(_ key: String, _ message: String) {
    place = [.key(key)]
    self.message = message
  }

  /// Creates a conflict about one key.
  init(_ found: (key: String, message: String)) { self.init(found.key, found.message) }

  /// The same, seen from what is around it.
  func under(_ key: String, _ item: Int? = nil) -> Self {
    var outer = self
    outer.place.insert(contentsOf: [.key(key)] + (item.map { [.item($0)] } ?? []), at: 0)
    return outer
  }
}

extension ScenarioConflict: CustomStringConvertible {
  /// The place and what is wrong there: `engines[2].routing: ...`.
  public var description: String {
    var path = ""
    for step in place {
      switch step {
      case .key(let key): path += (path.isEmpty ? "" : ".") + key
      case .item(let index): path += "[\(index)]"
      }
    }
    return path + ": " + message
  }
}

extension Scenario {
  /// The first thing that is out of bounds or does not fit the rest, or nil: what must be nil before a
  /// scenario is simulated, whether it was read from a text or made in code.
  public var firstConflict: ScenarioConflict? {
    ownConflict ?? networkConflict ?? poolsConflict ?? indexesConflict ?? pipelinesConflict
      ?? indexMemoryConflict ?? workloadConflict
  }

  /// About the numbers of the whole.
  private var ownConflict: ScenarioConflict? {
    if let found = ScenarioFormat.keys.firstOutOfBounds(["bytes_per_token": bytesPerToken]) {
      return ScenarioConflict(found)
    }
    guard let objectives else { return nil }
    return objectives.conflict?.under("slo")
  }

  /// About the network.
  private var networkConflict: ScenarioConflict? {
    if let conflict = countConflict(network.count, of: "levels", in: ScenarioFormat.networkKeys),
      !network.isEmpty
    {
      return conflict.under("network")
    }
    for (index, level) in network.enumerated() {
      if let conflict = level.conflict ?? doubleConflict(network.map(\.name), index) {
        return conflict.under("levels", index).under("network")
      }
    }
    var (members, links) = (1, 0)
    for (index, level) in network.enumerated().reversed() {
      // Both factors are far below what could overflow: members are at most 4,096.
      members *= level.members
      links += 2 * members
      guard links <= ScenarioFormat.maxLinks else {
        return ScenarioConflict(
          "members",
          "this level and those outside have more than \(ScenarioFormat.maxLinks) links, two for each "
            + "member of each switch; take fewer members"
        ).under("levels", index).under("network")
      }
    }
    return nil
  }
}

/// What is wrong with the number of items of a list, or nil.
func countConflict(_ count: Int, of key: String, in keys: [FormatKey]) -> ScenarioConflict? {
  let most: Int
  switch keys.named(key)?.kind {
  case .list(let count), .mappings(_, let count), .names(let count): most = count
  default: return nil
  }
  return (1...most).contains(count)
    ? nil : ScenarioConflict(key, "'\(key)' is a list of 1 to \(most)")
}

/// Whether a name is missing, too long, or that of an earlier one, and of which; nil where it is none of these.
func doubleConflict(_ names: [String], _ index: Int) -> ScenarioConflict? {
  let name = names[index]
  guard !name.isEmpty, name.unicodeScalars.count <= 256 else {
    return ScenarioConflict("name", "'name' is text of 1 to 256 characters")
  }
  guard !names[..<index].contains(name) else {
    return ScenarioConflict(
      "name", "'\(name)' is the name of an earlier one, too; give each its own 'name'")
  }
  return nil
}

/// A sentence about a name that nothing has, with the nearest that something has.
func unknownName(_ name: String, what: String, among known: [String]) -> String {
  let hint =
    nearestName(to: name, among: known).map { "did you mean '\($0)'?" }
    ?? (known.isEmpty
      ? "there are none"
      : "known are " + known.prefix(16).map { "'\($0)'" }.joined(separator: ", "))
  return "there is no \(what) '\(name.prefix(64))'; " + hint
}

extension NetworkLevel {
  /// What is out of bounds, or nil.
  fileprivate var conflict: ScenarioConflict? {
    ScenarioFormat.levelKeys.firstOutOfBounds([
      "members": Double(members), "bandwidth_gb_s": bandwidth, "latency_us": latency,
      "efficiency": efficiency,
    ]).map(ScenarioConflict.init)
  }
}

extension LatencyObjectives {
  /// What is out of bounds, or nil.
  var conflict: ScenarioConflict? {
    let keys = ScenarioFormat.objectiveKeys
    if let found = keys.firstOutOfBounds([
      "ttft_ms": timeToFirstToken, "tpot_ms": timePerOutputToken,
    ]) {
      return ScenarioConflict(found)
    }
    for (name, factors) in [
      ("ttft_factors", firstTokenFactors), ("tpot_factors", outputTokenFactors),
    ] {
      guard let kind = keys.named(name)?.kind, case .numbers(_, let counts) = kind,
        counts.contains(factors.count), factors.allSatisfy(kind.allows)
      else {
        let rule = keys.named(name)?.kind.numberRule ?? "is not known"
        return ScenarioConflict(name, "'\(name)' \(rule)")
      }
      if zip(factors, factors.dropFirst()).contains(where: { $0.0 > $0.1 }) {
        return ScenarioConflict(
          name, "'\(name)' are those of P50, P90 and P99; none may be less than the one before")
      }
    }
    return nil
  }
}
