import TraceIO

/// The shapes of an operator's inputs, from the profiler's `Input Dims`.
struct ShapeList: Equatable {
  /// One input: a tensor's shape (empty for a scalar), or the shapes of a list of tensors.
  enum Input: Equatable {
    case tensor([Int])
    case list([[Int]])
  }

  var inputs: [Input] = []

  /// Reads `[[8,4],[],[[2,3],[2,3]]]`; nil for anything else, also for negative sizes.
  init?(json text: String) {
    guard !text.isEmpty else { return nil }
    do throws(TraceIOError) {
      let limits = JSONLimits(maximumDepth: 4, initialWindow: min(text.utf8.count + 16, 1 << 20))
      var scanner = try JSONScanner(ByteSource(bytes: Array(text.utf8)), limits: limits)
      guard try scanner.next() == .arrayStart else { return nil }
      while true {
        switch try scanner.next() {
        case .arrayStart:
          guard let input = try Self.input(&scanner) else { return nil }
          inputs.append(input)
        case .arrayEnd: return
        default: return nil
        }
      }
    } catch {
      return nil
    }
  }

  /// Reads one input, whose opening bracket is the current token.
  private static func input(_ scanner: inout JSONScanner) throws(TraceIOError) -> Input? {
    var sizes: [Int] = []
    var shapes: [[Int]] = []
    while true {
      switch try scanner.next() {
      case .number:
        guard let size = scanner.integer(), size >= 0, shapes.isEmpty else { return nil }
        sizes.append(Int(size))
      case .arrayStart:
        guard sizes.isEmpty, case .tensor(let shape)? = try input(&scanner) else { return nil }
        shapes.append(shape)
      case .arrayEnd: return shapes.isEmpty ? .tensor(sizes) : .list(shapes)
      default: return nil
      }
    }
  }

  /// The shape of the input at `index`; nil if there is none, or it is a scalar or a list.
  func tensor(_ index: Int) -> [Int]? {
    guard index < inputs.count, case .tensor(let shape) = inputs[index], !shape.isEmpty else {
      return nil
    }
    return shape
  }

  /// The shapes of all inputs that are tensors with at least one dimension.
  var tensors: [[Int]] { inputs.indices.compactMap(tensor) }
}

extension [Int] {
  /// The product, or nil if it does not fit.
  var product: Int? {
    var result = 1
    for factor in self {
      let (next, overflow) = result.multipliedReportingOverflow(by: factor)
      guard !overflow else { return nil }
      result = next
    }
    return result
  }

  /// The product of all but the last, or nil if it does not fit.
  var rows: Int? { Array(dropLast()).product }
}

/// The element types of an operator's inputs, from the profiler's `Input type`.
struct TypeList {
  private var names: [String] = []

  /// Reads `["c10::BFloat16","Scalar"]`; anything else is no types.
  init(json text: String) {
    guard !text.isEmpty else { return }
    do throws(TraceIOError) {
      let limits = JSONLimits(maximumDepth: 4, initialWindow: min(text.utf8.count + 16, 1 << 20))
      var scanner = try JSONScanner(ByteSource(bytes: Array(text.utf8)), limits: limits)
      guard try scanner.next() == .arrayStart else { return }
      while true {
        let token = try scanner.next()
        if token == .arrayEnd { return }
        names.append(token == .string ? scanner.string() : "")
        try scanner.skipValue(of: token)
      }
    } catch {
      names = []
    }
  }

  /// The name of the type of the input at `index`.
  subscript(index: Int) -> String { index < names.count ? names[index] : "" }
}
