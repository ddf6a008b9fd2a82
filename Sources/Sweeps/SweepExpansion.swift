package import Scenarios
import Yams

/// One combination of a sweep's values, with the base that they were put into.
package struct SweepCombination: Sendable, Hashable {
  /// What was varied: the fields' paths, then `seed` and `speed` where they are given.
  package var values: [String]
  /// The base with the values in their places, as YAML.
  package var document: String
  /// What draws follow from; nil for the base's own.
  package var seed: UInt64?
  /// The factor on the speed of the log's arrivals; nil for as recorded.
  package var speed: Double?
}

extension SweepDescription {
  /// What ``SweepCombination/values`` are of, in their order.
  package var columns: [String] {
    fields.map(\.path) + (seeds == [nil] ? [] : ["seed"]) + (speeds == [nil] ? [] : ["speed"])
  }

  /// Every combination, the last column varying fastest.
  ///
  /// - Parameter yaml: the base's text.
  /// - Throws: ``ScenarioError`` where the base is no YAML, or has no place that a field names.
  package func expanded(base yaml: String, basePath: String) throws(ScenarioError)
    -> [SweepCombination]
  {
    let root = try parse(yaml, what: "a sweep's base", path: basePath)
    try refuseOverlaps(in: root)
    var partial: [(root: Node, values: [String])] = [(root, [])]
    for field in fields {
      let steps = field.path.split(separator: ".", omittingEmptySubsequences: false)
      var next: [(root: Node, values: [String])] = []
      for (root, values) in partial {
        for value in field.values {
          guard let changed = setting(value, at: steps[...], in: root) else {
            throw ScenarioError(
              path: path, line: field.line,
              message:
                "\(basePath) has no place '\(field.path.prefix(128))'; write keys, places in "
                + "lists from 0 or the 'name' of an entry, with dots between")
          }
          next.append((changed, values + [try text(value, field)]))
        }
      }
      partial = next
    }
    var combinations: [SweepCombination] = []
    for (root, values) in partial {
      let document = try text(of: root, line: 1)
      for seed in seeds {
        for speed in speeds {
          combinations.append(
            SweepCombination(
              values: values + [seed.map { "\($0)" }, speed.map { "\($0)" }].compactMap(\.self),
              document: document, seed: seed, speed: speed))
        }
      }
    }
    return combinations
  }

  /// Refuses fields of which one would write over another, so that results were named by values that they are not of.
  private func refuseOverlaps(in root: Node) throws(ScenarioError) {
    var known: [(name: String, place: [String])] = []
    if seeds != [nil] { known.append(("seeds", ["seed"])) }
    if speeds != [nil] { known.append(("speeds", ["speed"])) }
    for field in fields {
      let steps = field.path.split(separator: ".", omittingEmptySubsequences: false)
      let place = place(of: steps[...], in: root)
      if let other = known.first(where: {
        $0.place.starts(with: place) || place.starts(with: $0.place)
      }) {
        throw ScenarioError(
          path: path, line: field.line,
          message:
            "'\(field.path.prefix(128))' and '\(other.name.prefix(128))' are of one place; leave one out"
        )
      }
      known.append((field.path, place))
      var seen: Set<String> = []
      for value in field.values {
        let text = try text(value, field)
        guard seen.insert(text).inserted else {
          throw ScenarioError(
            path: path, line: field.line,
            message: "'\(field.path.prefix(128))' has '\(text.prefix(128))' twice; once is enough")
        }
      }
    }
  }

  /// A value in one line: as it stands where it is a scalar.
  private func text(_ value: Node, _ field: Field) throws(ScenarioError) -> String {
    if let scalar = value.scalar { return scalar.string }
    return try text(of: value, line: field.line).split(separator: "\n").joined(separator: " ")
  }

  private func text(of node: Node, line: Int) throws(ScenarioError) -> String {
    do {
      return try serialize(node: node)
    } catch {
      throw ScenarioError(path: path, line: line, message: "cannot be written as YAML: \(error)")
    }
  }
}

/// The keys to a place, entries of lists by their numbers, whatever names them.
private func place(of steps: ArraySlice<Substring>, in node: Node?) -> [String] {
  guard let step = steps.first else { return [] }
  guard let entries = node?.sequence else {
    return [String(step)] + place(of: steps.dropFirst(), in: node?.mapping?[String(step)])
  }
  let index = index(of: step, in: entries)
  return [index.map(String.init) ?? String(step)]
    + place(of: steps.dropFirst(), in: index.map { entries[$0] })
}

/// The entry of a list that a step names, or counts from 0.
private func index(of step: Substring, in entries: Node.Sequence) -> Int? {
  let named = entries.indices.first {
    entries[$0].mapping?["name"]?.scalar?.string == String(step)
  }
  return named ?? Int(step).flatMap { entries.indices.contains($0) ? $0 : nil }
}

/// A node with another value at a place; nil where there is no such place. A last key that is not there
/// yet is added: it stands for a default.
private func setting(_ value: Node, at steps: ArraySlice<Substring>, in node: Node) -> Node? {
  guard let step = steps.first else { return value }
  guard !step.isEmpty else { return nil }
  let rest = steps.dropFirst()
  var node = node
  if node.mapping != nil {
    let key = String(step)
    guard let old = node.mapping?[key] else {
      guard rest.isEmpty else { return nil }
      node[key] = value
      return node
    }
    guard let changed = setting(value, at: rest, in: old) else { return nil }
    node[key] = changed
    return node
  }
  guard let entries = node.sequence else { return nil }
  guard let index = index(of: step, in: entries),
    let changed = setting(value, at: rest, in: entries[index])
  else { return nil }
  node[Node(String(index))] = changed
  return node
}
