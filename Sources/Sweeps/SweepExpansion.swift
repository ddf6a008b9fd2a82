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
  let named = entries.indices.first {
    entries[$0].mapping?["name"]?.scalar?.string == String(step)
  }
  guard let index = named ?? Int(step), entries.indices.contains(index),
    let changed = setting(value, at: rest, in: entries[index])
  else { return nil }
  node[Node(String(index))] = changed
  return node
}
