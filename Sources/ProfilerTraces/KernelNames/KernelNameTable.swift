import TraceIO

/// Rules that tell from a kernel's name what it computes and which library it comes from.
///
///     let table = KernelNameTable.builtIn
///     table.identity(of: "void at::native::reduce_kernel<512, 1, …>")  // reduction, PyTorch
///
/// A rule gives words that must all occur in the name, and a class, a library or both. The first
/// rule that gives a class decides the class, the first that gives a library decides the library.
/// Rules are data (`TraceSchemas/kernel-names.schema.json`); a user's own come before these.
public struct KernelNameTable: Sendable {
  private struct Rule: Sendable {
    var words: [String]
    var numbers: [Int] = []
    var `class`: KernelClass?
    var library: String?
  }

  /// Which rules these are: the version of the built-in ones, and of the user's own their version
  /// and the start of their digest.
  public private(set) var version: String
  private var rules: [Rule]
  private var search: WordSearch

  /// The number of rules.
  public var count: Int { rules.count }

  /// The rules that come with this version of Reprise.
  public static let builtIn: KernelNameTable = {
    // A test holds that the built-in text is valid.
    let rules = try? read(ByteSource(bytes: Array(builtInText.utf8), name: "kernel names"))
    return KernelNameTable(rules?.rules ?? [], version: "\(rules?.version ?? 0)")
  }()

  /// Reads a user's rules, which come before the built-in ones.
  ///
  /// - Throws: an error that names the rule where the file is not such a table.
  public init(path: String) throws(ProfilerTraceError) {
    let source = try input { () throws(TraceIOError) in
      try ByteSource(path: path, limits: InputLimits(maximumOutput: Self.mostBytes))
    }
    try self.init(before: .builtIn, source)
  }

  /// Reads rules from memory, as from a file.
  init(bytes: [UInt8], name: String = "memory") throws(ProfilerTraceError) {
    let source = try input { () throws(TraceIOError) in
      try ByteSource(bytes: bytes, name: name)
    }
    try self.init(before: .builtIn, source)
  }

  private init(
    before others: KernelNameTable, _ source: consuming ByteSource
  ) throws(ProfilerTraceError) {
    let (rules, version, digest) = try Self.read(source)
    self.init(
      rules + others.rules, version: "\(version) (\(digest.prefix(8))) before \(others.version)")
  }

  private init(_ rules: [Rule], version: String) {
    self.version = version
    search = WordSearch(rules.flatMap(\.words))
    self.rules = rules
    for index in rules.indices {
      self.rules[index].numbers = rules[index].words.compactMap(search.number)
    }
  }

  /// What a name tells.
  ///
  /// - Complexity: linear in the name's first 4,096 bytes and in the number of rules.
  public func identity(of name: String) -> KernelIdentity {
    var found: [Bool] = []
    search.search(name, found: &found)
    var identity = KernelIdentity()
    var hasLibrary = false
    for rule in rules where rule.numbers.allSatisfy({ found[$0] }) {
      if identity.class == nil { identity.class = rule.class }
      if !hasLibrary, let library = rule.library {
        identity.library = library
        hasLibrary = true
      }
      if hasLibrary, identity.class != nil { break }
    }
    return identity
  }
}

// MARK: The file

extension KernelNameTable {
  /// The most bytes, rules and words of one that are read.
  private static let mostBytes = 1 << 16
  private static let mostRules = 1024
  private static let mostWords = 8

  private static func read(
    _ source: consuming ByteSource
  ) throws(ProfilerTraceError) -> (rules: [Rule], version: Int64, digest: String) {
    let path = source.path
    var rules: [Rule] = []
    var version: Int64?
    do throws(TraceIOError) {
      var scanner = try JSONScanner(source)
      guard try scanner.next() == .objectStart else {
        throw problem(path, "is not an object")
      }
      while try scanner.next() == .key {
        let (isRules, isVersion) = (scanner.tokenIs("rules"), scanner.tokenIs("version"))
        let token = try scanner.next()
        if isVersion, token == .number { version = scanner.integer() }
        guard isRules, token == .arrayStart else {
          try scanner.skipValue(of: token)
          continue
        }
        while case let token = try scanner.next(), token != .arrayEnd {
          guard token == .objectStart, rules.count < mostRules else {
            throw problem(path, "has more than \(mostRules) rules, or one that is not an object")
          }
          rules.append(try rule(&scanner, path, number: rules.count + 1))
        }
      }
      guard let version else { throw problem(path, "has no \"version\"") }
      return (rules, version, try scanner.finish().sha256)
    } catch {
      throw .input(error)
    }
  }

  private static func rule(
    _ scanner: inout JSONScanner, _ path: String, number: Int
  ) throws(TraceIOError) -> Rule {
    var rule = Rule(words: [])
    while try scanner.next() == .key {
      let key = scanner.string()
      guard try scanner.next() == .string else {
        throw problem(path, "rule \(number): \"\(key)\" is not a text")
      }
      let text = scanner.string()
      switch key {
      case "match": rule.words = text.split(separator: " ").map(String.init)
      case "library": rule.library = String(text.prefix(64))
      case "class":
        guard let known = KernelClass(rawValue: text) else {
          let names = KernelClass.allCases.map(\.rawValue).joined(separator: ", ")
          throw problem(path, "rule \(number): class '\(text.prefix(64))' is none of \(names)")
        }
        rule.class = known
      default: throw problem(path, "rule \(number): unknown member \"\(key.prefix(64))\"")
      }
    }
    guard (1...mostWords).contains(rule.words.count), !rule.words.contains("^") else {
      throw problem(path, "rule \(number): \"match\" must have 1 to \(mostWords) words")
    }
    guard rule.class != nil || rule.library != nil else {
      throw problem(path, "rule \(number) gives neither a class nor a library")
    }
    return rule
  }

  private static func problem(_ path: String, _ what: String) -> TraceIOError {
    TraceIOError(.unexpectedContent, path: path, at: .whole, what)
  }
}
