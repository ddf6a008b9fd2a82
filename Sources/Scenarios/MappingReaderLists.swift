import Yams

extension MappingReader {
  /// Whole numbers within the key's bounds, at least one.
  func integers(_ name: String) throws(ScenarioError) -> [Int]? {
    guard let node = node(name), let kind = kind(name), case .integers(_, let most) = kind
    else { return nil }
    guard let items = node.sequence, (1...most).contains(items.count) else {
      throw error(name, kind.numberRule)
    }
    var found: [Int] = []
    for item in items {
      guard let text = plain(item), let value = Int(text), kind.allows(Double(value)) else {
        throw error(name, kind.numberRule)
      }
      found.append(value)
    }
    return found
  }

  /// Numbers within the key's bounds, as many as it wants.
  func numbers(_ name: String) throws(ScenarioError) -> [Double]? {
    guard let node = node(name), let kind = kind(name), case .numbers(_, let counts) = kind
    else { return nil }
    guard let items = node.sequence, counts.contains(items.count) else {
      throw error(name, kind.numberRule)
    }
    var found: [Double] = []
    for item in items {
      guard let text = plain(item), let value = Double(text), kind.allows(value) else {
        throw error(name, kind.numberRule)
      }
      found.append(value)
    }
    return found
  }

  /// Names that differ, or none.
  func names(_ name: String) throws(ScenarioError) -> [String]? {
    guard let node = node(name), case .names(let most) = kind(name) else { return nil }
    guard let items = node.sequence, items.count <= most else {
      throw error(name, "is a list of at most \(most) names, in brackets")
    }
    var found: [String] = []
    for item in items {
      guard let text = item.scalar?.string, !text.isEmpty, !found.contains(text) else {
        throw ScenarioError(
          path: path, line: item.mark?.line ?? line(of: name),
          message: "'\(name)' is a list of names, each given once")
      }
      found.append(text)
    }
    return found
  }

  /// A list of mappings with the key's own keys, at least one; empty where the key is not there.
  ///
  /// - Parameter what: What one of them describes, for errors.
  func mappings(_ name: String, what: String) throws(ScenarioError) -> [MappingReader] {
    guard let node = node(name), case .mappings(let keys, let most) = kind(name) else { return [] }
    guard let items = node.sequence, (1...most).contains(items.count) else {
      throw error(name, "is a list of 1 to \(most)")
    }
    var found: [MappingReader] = []
    for item in items {
      found.append(try MappingReader(item, what: what, keys: keys, path: path))
    }
    return found
  }
}
