import Operators
import TraceIO

/// One line of operator curves while it is read.
struct CurveRecord {
  /// A point as it is written.
  struct Point {
    var sizes: AxisPoint
    var nanoseconds: Double
    var count: Int
  }

  private(set) var points: [Point] = []
  private(set) var badPoints = 0
  private(set) var label: String?
  /// Whether the line holds more points than there is room for; the rest of it was not read.
  private(set) var isFull = false
  private let room: Int
  private var kind: OperatorKind?
  private var dataType: DataType?
  private var attributes: [String: Int] = [:]
  /// For each number of a point, which of the operator's axes it lies along.
  private var places: [Int]?
  private var hasBadValue = false

  private static let mostAttributes = 32
  private static let longestName = 256

  /// Starts a line of at most `room` points.
  init(room: Int) { self.room = room }

  /// What the curve is of; of no use where there is a ``problem``.
  var `operator`: Operator {
    Operator(kind ?? .opaque(""), dataType: dataType, attributes)
  }

  /// Why nothing of the line can be used, if so.
  var problem: RejectionReason? {
    if hasBadValue { return .badValue }
    if kind == nil || places == nil { return .missingField }
    return `operator`.contradiction == nil ? nil : .badValue
  }

  mutating func read(_ scanner: inout JSONScanner) throws(TraceIOError) {
    guard try scanner.next() == .objectStart else {
      hasBadValue = true
      return
    }
    while try scanner.next() == .key {
      let name = scanner.string()
      let token = try scanner.next()
      switch name {
      case "kind", "dtype", "label":
        guard token == .string else {
          hasBadValue = true
          try scanner.skipValue(of: token)
          continue
        }
        readName(name, scanner)
      case "attributes" where token == .objectStart: try readAttributes(&scanner)
      case "axes" where token == .arrayStart: try readAxes(&scanner)
      case "points" where token == .arrayStart:
        guard places != nil else {
          hasBadValue = true
          try scanner.skipValue(of: token)
          continue
        }
        try readPoints(&scanner)
        if isFull { return }
      case "attributes", "axes", "points":
        hasBadValue = true
        try scanner.skipValue(of: token)
      default: try scanner.skipValue(of: token)
      }
    }
    // Nothing may follow on the line.
    _ = try scanner.next()
  }

  /// Takes the current string for a member; one that is empty or too long makes the line bad.
  private mutating func readName(_ member: String, _ scanner: borrowing JSONScanner) {
    guard (1...Self.longestName).contains(scanner.tokenLength) else {
      hasBadValue = true
      return
    }
    let text = scanner.string()
    switch member {
    case "kind":
      kind = OperatorKind(rawValue: text)
      places = nil
    case "dtype":
      dataType = DataType(rawValue: text)
      if dataType == nil { hasBadValue = true }
    default: label = text
    }
  }

  private mutating func readAttributes(_ scanner: inout JSONScanner) throws(TraceIOError) {
    while try scanner.next() == .key {
      let isName = scanner.tokenLength <= Self.longestName
      let name = scanner.string()
      let token = try scanner.next()
      if isName, token == .number, let value = scanner.integer(),
        (0...Int64(SizeLimits.attribute)).contains(value), attributes.count < Self.mostAttributes
      {
        attributes[name] = Int(value)
      } else {
        hasBadValue = true
        try scanner.skipValue(of: token)
      }
    }
  }

  private mutating func readAxes(_ scanner: inout JSONScanner) throws(TraceIOError) {
    let axes = kind?.axes ?? []
    var found: [Int] = []
    while true {
      let token = try scanner.next()
      if token == .arrayEnd { break }
      if token == .string, let place = axes.firstIndex(of: scanner.string()),
        !found.contains(place)
      {
        found.append(place)
      } else {
        hasBadValue = true
        try scanner.skipValue(of: token)
      }
    }
    places = found
    if found.isEmpty { hasBadValue = true }
  }

  private mutating func readPoints(_ scanner: inout JSONScanner) throws(TraceIOError) {
    let places = places ?? []
    while true {
      let token = try scanner.next()
      if token == .arrayEnd { return }
      guard points.count + badPoints < room else {
        isFull = true
        return
      }
      guard token == .arrayStart else {
        badPoints += 1
        try scanner.skipValue(of: token)
        continue
      }
      var point = Point(sizes: .none, nanoseconds: 0, count: 1)
      var isSound = true
      var numbers = 0
      while true {
        let token = try scanner.next()
        if token == .arrayEnd { break }
        defer { numbers += 1 }
        guard token == .number else {
          isSound = false
          try scanner.skipValue(of: token)
          continue
        }
        let whole = scanner.integer()
        if numbers == places.count {
          guard let value = whole.map(Double.init) ?? scanner.double() else {
            isSound = false
            continue
          }
          point.nanoseconds = value
        } else if numbers < places.count, let whole, whole >= 0 {
          point.sizes.values[places[numbers]] = whole
        } else if numbers == places.count + 1, let whole, (1...1 << 31).contains(whole) {
          point.count = Int(whole)
        } else {
          isSound = false
        }
      }
      if isSound, numbers > places.count { points.append(point) } else { badPoints += 1 }
    }
  }
}
