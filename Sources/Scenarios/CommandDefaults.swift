import Yams

/// `reprise.yaml`: options that a user does not want to write each time.
///
///     db: lat.sqlite          # for every command that has --db
///     replay:                 # for one command
///       threads: 4
///       bands: false          # --no-bands
///       deadline: 30
///
/// What the file means for a command is the command line's: here it is only read.
public struct CommandDefaults: Sendable, Hashable {
  /// One option and its value.
  public struct Option: Sendable, Hashable {
    /// The command that it is for; nil for all that have it.
    public var command: String?
    /// Its long name, without dashes.
    public var name: String
    /// Its values as texts, one but for options that may be given several times.
    public var values: [String]
    /// Where it stands, from 1.
    public var line: Int
  }

  /// Where it was read.
  public let path: String
  /// The options in the order of the file.
  public let options: [Option]

  /// Reads the file's text.
  ///
  /// - Throws: ``ScenarioError`` with the line of what is no option and no command's options.
  public init(yaml: String, path: String) throws(ScenarioError) {
    self.path = path
    // A file of which nothing is left, or all is commented out, has no defaults.
    let isBlank = yaml.split(whereSeparator: \.isNewline).allSatisfy { line in
      line.first { !$0.isWhitespace }.map { $0 == "#" } ?? true
    }
    guard !isBlank else {
      options = []
      return
    }
    let root = try parse(yaml, what: "a file of defaults", path: path)
    var options: [Option] = []
    for (key, value) in try Self.pairs(root, path) {
      let name = try Self.name(key, path)
      guard value.mapping != nil else {
        options.append(try Self.option(name, of: nil, value, path))
        continue
      }
      for (inner, value) in try Self.pairs(value, path) {
        options.append(try Self.option(Self.name(inner, path), of: name, value, path))
      }
    }
    self.options = options
  }

  private static func pairs(_ node: Node, _ path: String) throws(ScenarioError) -> Node.Mapping {
    if let mapping = node.mapping { return mapping }
    throw ScenarioError(
      path: path, line: node.mark?.line ?? 1,
      message: "defaults are written as 'option: value' lines")
  }

  private static func name(_ key: Node, _ path: String) throws(ScenarioError) -> String {
    let name = key.scalar?.string ?? ""
    let isPlain = name.utf8.allSatisfy { byte in
      byte == UInt8(ascii: "-") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    if isPlain, !name.isEmpty, !name.hasPrefix("-") { return name }
    throw ScenarioError(
      path: path, line: key.mark?.line ?? 1,
      message: "'\(name.prefix(64))' is no option; write its long name without dashes in front")
  }

  private static func option(
    _ name: String, of command: String?, _ value: Node, _ path: String
  ) throws(ScenarioError) -> Option {
    let line = value.mark?.line ?? 1
    let nodes = value.sequence.map(Array.init) ?? [value]
    var values: [String] = []
    for node in nodes {
      guard let text = node.scalar?.string, !text.isEmpty else {
        throw ScenarioError(
          path: path, line: node.mark?.line ?? line,
          message: "'\(name)' is a text, a number, true or false, or a list of these")
      }
      values.append(text)
    }
    return Option(command: command, name: name, values: values, line: line)
  }
}
