internal import Operators
internal import TraceIO

/// One object of a description in JSON (a model's configuration, a device); every error says which
/// field of which file.
struct DescriptionFields {
  /// The file, for errors.
  let file: String
  /// What the file describes, for errors.
  let subject: String
  private let place: String
  private let values: [String: JSONValue]

  /// Takes a document's object; of fields given twice the last counts, as in Python.
  init(
    _ document: JSONValue, file: String, subject: String, place: String = ""
  ) throws(AnalyticalError) {
    guard case .object(let members) = document else {
      throw .description(
        file: file, subject: subject,
        problem: place.isEmpty
          ? "it is not a JSON object" : "its field '\(place.dropLast())' is no object")
    }
    self.file = file
    self.subject = subject
    self.place = place
    values = Dictionary(members.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
  }

  /// Reads a file's bytes.
  init(_ bytes: [UInt8], file: String, subject: String) throws(AnalyticalError) {
    let document: JSONValue
    do throws(TraceIOError) {
      document = try JSONValue.read(bytes: bytes, name: file)
    } catch {
      throw .description(
        file: file, subject: subject, problem: "it is not a JSON object (\(error))")
    }
    try self.init(document, file: file, subject: subject)
  }

  /// Whether a field is there and not null.
  func has(_ name: String) -> Bool { values[name].map { $0 != .null } ?? false }

  /// Refuses fields of other names, and null.
  func allowOnly(_ names: [String]) throws(AnalyticalError) {
    let strange = values.keys.sorted().first { !names.contains($0) }
    guard let strange else {
      guard let empty = values.keys.sorted().first(where: { values[$0] == .null }) else { return }
      throw error("its field '\(place + empty)' is null")
    }
    let hint = nearestName(to: strange, among: names).map { "; did you mean '\($0)'?" } ?? ""
    throw error("its field '\(place + strange.prefix(64))' is not known\(hint)")
  }

  /// An object within this one, or nil where it is not there.
  func object(_ name: String) throws(AnalyticalError) -> DescriptionFields? {
    guard let value = values[name], value != .null else { return nil }
    return try DescriptionFields(
      value, file: file, subject: subject, place: place + name + ".")
  }

  /// The objects of a list; an error where it is not there or no list of so many objects.
  func objects(
    _ name: String, _ count: ClosedRange<Int> = 1...4096
  ) throws(AnalyticalError) -> [DescriptionFields] {
    guard case .array(let items) = values[name] else {
      throw error("it has no list '\(place + name)'")
    }
    guard count.contains(items.count) else {
      throw error("its list '\(place + name)' has \(items.count) items, outside \(count)")
    }
    var objects: [DescriptionFields] = []
    for (index, item) in items.enumerated() {
      objects.append(
        try DescriptionFields(
          item, file: file, subject: subject, place: "\(place + name)[\(index)]."))
    }
    return objects
  }

  /// The whole number of the first of these fields that is there, or nil.
  func size(_ names: [String], _ range: ClosedRange<Int>) throws(AnalyticalError) -> Int? {
    for name in names {
      let whole: Int?
      switch values[name] {
      case nil, .null: continue
      case .integer(let value): whole = Int(exactly: value)
      case .number(let value): whole = Int(exactly: value)
      default: throw error("its field '\(place + name)' has the wrong type")
      }
      guard let whole else { throw error("its field '\(place + name)' is out of range") }
      guard range.contains(whole) else {
        throw error("its field '\(place + name)' is \(whole), outside \(range)")
      }
      return whole
    }
    return nil
  }

  /// The whole number of the first of these fields that is there; an error where none is.
  func needed(_ names: [String], _ range: ClosedRange<Int>) throws(AnalyticalError) -> Int {
    if let size = try size(names, range) { return size }
    throw error("it has no field '\(place + names[0])'")
  }

  /// A number, or nil where it is not there.
  func number(_ name: String, _ range: ClosedRange<Double>) throws(AnalyticalError) -> Double? {
    let number: Double
    switch values[name] {
    case nil, .null: return nil
    case .integer(let value): number = Double(value)
    case .number(let value): number = value
    default: throw error("its field '\(place + name)' has the wrong type")
    }
    guard range.contains(number) else {
      throw error("its field '\(place + name)' is \(number), outside \(range)")
    }
    return number
  }

  /// A number; an error where it is not there.
  func needed(_ name: String, _ range: ClosedRange<Double>) throws(AnalyticalError) -> Double {
    if let number = try number(name, range) { return number }
    throw error("it has no field '\(place + name)'")
  }

  /// The first of these fields, true or false, that is there, or nil.
  func flag(_ names: String...) throws(AnalyticalError) -> Bool? {
    for name in names {
      switch values[name] {
      case nil, .null: continue
      case .boolean(let value): return value
      default: throw error("its field '\(place + name)' has the wrong type")
      }
    }
    return nil
  }

  /// A field's text, or nil where it is not there or no text.
  func text(_ name: String) -> String? {
    if case .string(let text) = values[name] { text } else { nil }
  }

  /// A field's text; an error where it is not there or empty.
  func neededText(_ name: String) throws(AnalyticalError) -> String {
    guard let text = text(name), !text.isEmpty else {
      throw error("it has no text '\(place + name)'")
    }
    return text
  }

  /// What a text may be.
  enum TextRule: Int {
    /// Any prose.
    case prose = 4096
    /// What people and drivers call a thing: with a letter or a digit.
    case name = 256
    /// What it is called on the command line: lower case, digits and single hyphens.
    case shortName = 64

    func fault(of text: String) -> String? {
      let scalars = text.unicodeScalars
      guard !scalars.isEmpty else { return "is empty" }
      guard scalars.count <= rawValue else { return "has more than \(rawValue) characters" }
      let isPlain = { (scalar: Unicode.Scalar) in
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
      }
      switch self {
      case .prose: return nil
      case .name: return scalars.contains(where: isPlain) ? nil : "has no letter or digit"
      case .shortName:
        let words = text.split(separator: "-", omittingEmptySubsequences: false)
        let isSound = words.allSatisfy { word in
          !word.isEmpty
            && word.unicodeScalars.allSatisfy { isPlain($0) && !$0.properties.isUppercase }
        }
        return isSound ? nil : "is not made of lower-case letters, digits and single hyphens"
      }
    }
  }

  /// A field's text that keeps to a rule, or nil where it is not there.
  func text(_ name: String, _ rule: TextRule) throws(AnalyticalError) -> String? {
    guard has(name) else { return nil }
    guard let text = text(name) else {
      throw error("its field '\(place + name)' has the wrong type")
    }
    if let fault = rule.fault(of: text) { throw error("its field '\(place + name)' \(fault)") }
    return text
  }

  /// A field's text that keeps to a rule; an error where it is not there.
  func neededText(_ name: String, _ rule: TextRule) throws(AnalyticalError) -> String {
    if let text = try text(name, rule) { return text }
    throw error("it has no text '\(place + name)'")
  }

  /// A field's list of different names; empty where it is not there.
  func names(_ name: String, most: Int) throws(AnalyticalError) -> [String] {
    guard let value = values[name] else { return [] }
    let texts = texts(name)
    guard case .array(let items) = value, items.count == texts.count else {
      throw error("its field '\(place + name)' is no list of texts")
    }
    guard items.count <= most, Set(texts).count == items.count else {
      throw error("its field '\(place + name)' holds more than \(most) names, or one twice")
    }
    for text in texts {
      guard let fault = TextRule.name.fault(of: text) else { continue }
      throw error("a name of its field '\(place + name)' \(fault)")
    }
    return texts
  }

  /// Refuses a price without its source, and a source without its price.
  func checkPrice() throws(AnalyticalError) {
    let (price, source) = ("price_per_hour_usd", "price_source")
    _ = try text(source, .prose)
    guard has(price) != has(source) else { return }
    throw error(
      "its field '\(place + (has(price) ? price : source))' stands without "
        + "'\(has(price) ? source : price)'")
  }

  /// A field's list of texts; empty where it is not there, other items left out.
  func texts(_ name: String) -> [String] {
    guard case .array(let items) = values[name] else { return [] }
    return items.compactMap { if case .string(let text) = $0 { text } else { nil } }
  }

  /// A field's list of whole numbers; empty where it is not there, other items left out.
  func integers(_ name: String) -> [Int] {
    guard case .array(let items) = values[name] else { return [] }
    return items.compactMap {
      if case .integer(let value) = $0 { Int(exactly: value) } else { nil }
    }
  }

  /// An error about this file: one line, however long and strange a text of the file is.
  func error(_ problem: String) -> AnalyticalError {
    var line = String.UnicodeScalarView()
    for scalar in problem.unicodeScalars.prefix(400) {
      line.append(scalar.properties.generalCategory == .control ? " " : scalar)
    }
    return .description(file: file, subject: subject, problem: String(line))
  }
}
