import Operators

/// What the columns of a table of the user's own mean: `TraceSchemas/table-mapping.schema.json`.
///
///     let mapping = try TableMapping(path: "map.json")
///     var options = ImportOptions.standard
///     options.mapping = mapping
///     let traces = try TraceReader.read(path: "table.csv", options: options)
public struct TableMapping: Hashable, Sendable {
  /// The version of the form that is read.
  public static let version = 1

  /// The names of the columns of a table that has no header.
  var columns: [String]?
  /// What a row may measure; the first whose conditions hold is taken.
  var operators: [Rule]
  /// The device's name, where the table or the mapping says it.
  var device: Text?
  /// The software that ran.
  var framework: Text?
  /// Its version.
  var version: Text?
  /// The digest of the mapping's file, which the import depends on.
  public internal(set) var digest = ""

  /// One operator of the table, and the rows that measure it.
  struct Rule: Hashable, Sendable {
    var conditions: [Condition]
    var kind: OperatorKind
    var dataType: Text?
    var attributes: [Named<Size>]
    /// By index of the kind's axes.
    var axes: [Named<Size>]
    var times: Times
  }

  /// A value by its name.
  struct Named<Value: Hashable & Sendable>: Hashable, Sendable {
    var name: String
    var value: Value
  }

  /// What a column of a row must hold for its rule to be taken.
  struct Condition: Hashable, Sendable {
    var column: String
    var value: String
    /// Whether it must not hold it.
    var isNegated = false
  }

  /// A text that is constant, or stands in a column.
  enum Text: Hashable, Sendable {
    case constant(String)
    /// A column's text; where `values` are given they say what it means, and others are refused.
    case column(String, values: [String: String]?)
  }

  /// A size that is constant, or the product of columns, times a fraction.
  enum Size: Hashable, Sendable {
    case constant(Int)
    case columns([String], factor: Int, divisor: Int)
  }

  /// The columns of the times, and their unit.
  struct Times: Hashable, Sendable {
    var unit: TimeUnit
    var mean: String?
    var median: String?
    var minimum: String?
    var deviation: String?
    var count: Size?
  }
}
