/// Finds the spans around instants, process by process.
enum Enclosing {
  /// A span that an annotation names.
  struct Span {
    var start: Int64
    var end: Int64
    var process: Int32
  }

  /// An instant, such as the start of a launch.
  struct Point {
    var start: Int64
    var process: Int32
  }

  /// For each point the number of the span around it that began last, or -1.
  ///
  /// - Complexity: O(*n* log *n*) in the number of points and spans.
  static func innermost(_ points: [Point], in spans: [Span]) -> [Int32] {
    var result = [Int32](repeating: -1, count: points.count)
    guard !spans.isEmpty, spans.count <= Int(Int32.max) else { return result }
    let order = points.indices.sorted { (points[$0].start, $0) < (points[$1].start, $1) }
    // Of spans that begin together the longer is the outer one.
    let opening = spans.indices.sorted {
      (spans[$0].start, spans[$1].end, $0) < (spans[$1].start, spans[$0].end, $1)
    }
    var open: [Int32: [Int]] = [:]
    var next = 0
    for index in order {
      let point = points[index]
      while next < opening.count, spans[opening[next]].start <= point.start {
        open[spans[opening[next]].process, default: []].append(opening[next])
        next += 1
      }
      while let last = open[point.process]?.last, spans[last].end <= point.start {
        open[point.process]?.removeLast()
      }
      if let last = open[point.process]?.last { result[index] = Int32(last) }
    }
    return result
  }
}
