import Operators

/// A member of an object of a mapping: its name and what it may hold.
struct MappingMember: Sendable, Hashable {
  /// What a member may hold.
  enum Kind: Sendable, Hashable {
    /// Text of 1 to ``TableMappingFormat/longestText`` characters.
    case text
    case integer(ClosedRange<Int>)
    case choice([String])
    /// A list of 1 to so many texts.
    case texts(most: Int)
    /// A list of 1 to so many objects of a kind.
    case list(String, most: Int)
    /// Something that the schema defines under this name.
    case defined(String)
  }

  var name: String
  var kind: Kind
  var isRequired = false
}

/// The members and bounds of a mapping file: what the reader enforces and the schema says.
enum TableMappingFormat {
  /// The longest name or text, in characters.
  static let longestText = 256
  /// The most members of an object whose names are the user's.
  static let mostNames = 256

  /// The objects by the names of the schema's definitions; `mapping` is the whole.
  static let objects: [String: [MappingMember]] = [
    "mapping": [
      MappingMember(
        name: "version", kind: .integer(TableMapping.version...TableMapping.version),
        isRequired: true),
      MappingMember(name: "description", kind: .text),
      MappingMember(name: "columns", kind: .texts(most: 4096)),
      MappingMember(name: "operators", kind: .list("operator", most: 256), isRequired: true),
      MappingMember(name: "device", kind: .defined("text")),
      MappingMember(name: "framework", kind: .defined("text")),
      MappingMember(name: "framework_version", kind: .defined("text")),
    ],
    "operator": [
      MappingMember(name: "where", kind: .list("condition", most: 64)),
      MappingMember(name: "kind", kind: .text, isRequired: true),
      MappingMember(name: "data_type", kind: .defined("text")),
      MappingMember(name: "attributes", kind: .defined("sizes")),
      MappingMember(name: "axes", kind: .defined("sizes")),
      MappingMember(name: "times", kind: .defined("times"), isRequired: true),
    ],
    "condition": [
      MappingMember(name: "column", kind: .text, isRequired: true),
      MappingMember(name: "equals", kind: .text),
      MappingMember(name: "not", kind: .text),
    ],
    "times": [
      MappingMember(
        name: "unit", kind: .choice(TimeUnit.allCases.map(\.rawValue)), isRequired: true),
      MappingMember(name: "mean", kind: .text),
      MappingMember(name: "median", kind: .text),
      MappingMember(name: "minimum", kind: .text),
      MappingMember(name: "deviation", kind: .text),
      MappingMember(name: "count", kind: .defined("size")),
    ],
    "column_text": [
      MappingMember(name: "column", kind: .text, isRequired: true),
      MappingMember(name: "values", kind: .defined("values")),
    ],
    "column_size": [
      MappingMember(name: "column", kind: .text),
      MappingMember(name: "columns", kind: .texts(most: 8)),
      MappingMember(name: "factor", kind: .integer(1...1 << 40)),
      MappingMember(name: "divisor", kind: .integer(1...1 << 40)),
    ],
  ]

  /// A constant size.
  static let sizes = 0...1 << 40
}
