package import Yams

/// The largest file that is read, in bytes of UTF-8.
private let maxYamlBytes = 1 << 20

/// The root node of YAML text.
///
/// - Parameter what: What the text describes, for errors: "a deployment".
package func parse(_ yaml: String, what: String, path: String) throws(ScenarioError) -> Node {
  guard yaml.utf8.count <= maxYamlBytes else {
    throw ScenarioError(path: path, line: 1, message: "\(what) has at most 1 MiB of text")
  }
  try checkNesting(yaml, what: what, path: path)
  do {
    if let node = try compose(yaml: yaml) { return node }
    throw ScenarioError(path: path, line: 1, message: "the file is empty; \(what) needs keys")
  } catch let error as ScenarioError {
    throw error
  } catch let error as YamlError {
    // The parser counts one more where the text ends too early.
    let last = 1 + yaml.count { $0.isNewline }
    throw ScenarioError(
      path: path, line: min(error.line, last), message: "not YAML: " + error.problem)
  } catch {
    throw ScenarioError(path: path, line: 1, message: "not YAML: \(error)")
  }
}

/// Bounds depth, and refuses anchors, before a recursive parser sees the text: 16,384 brackets, or
/// 256 columns of indentation, are far more than anything needs. Of brackets in each other the parser
/// itself takes a thousand.
private func checkNesting(_ yaml: String, what: String, path: String) throws(ScenarioError) {
  var (line, brackets, indentation) = (1, 0, 0)
  var isIndenting = true
  var startsToken = true
  var isAnchor = false
  for byte in yaml.utf8 {
    let isSpace = byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    if isAnchor, !isSpace {
      throw ScenarioError(
        path: path, line: line, message: "anchors and aliases are not taken; write values out")
    }
    isAnchor = startsToken && (byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*"))
    startsToken = isSpace || "[{,".utf8.contains(byte)
    switch byte {
    case UInt8(ascii: "\n"): (line, indentation, isIndenting) = (line + 1, 0, true)
    case UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "?"): indentation += isIndenting ? 1 : 0
    case UInt8(ascii: "["), UInt8(ascii: "{"): brackets += 1
    default: isIndenting = false
    }
    if brackets > 16_384 || indentation > 256 {
      throw ScenarioError(path: path, line: line, message: "\(what) is not nested this deep")
    }
  }
}

extension YamlError {
  /// The line of the problem, from 1.
  fileprivate var line: Int {
    switch self {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
      max(1, mark.line)
    case .duplicatedKeysInMapping(_, let context): max(1, context.mark.line)
    default: 1
    }
  }

  /// What is wrong, without the place.
  fileprivate var problem: String {
    switch self {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _),
      .composer(_, let problem, _, _), .reader(let problem, _, _, _):
      problem
    case .duplicatedKeysInMapping(let keys, _):
      "the key '\((keys.first ?? "").prefix(64))' is given twice"
    default: "the text cannot be read"
    }
  }
}
