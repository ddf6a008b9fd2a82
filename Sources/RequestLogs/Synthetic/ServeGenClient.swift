import Foundation
public import TraceIO

/// A client of ServeGen's published workloads: how often it sent, and how long its requests were.
///
/// ```swift
/// workload.streams += try ServeGenClient.streams(folder: "data/reason/deepseek-r1", name: "r1", scale: 0.5)
/// ```
///
/// `chunk-N-trace.csv` has a line for each 600 s: start, requests a second, coefficient of variation of the gaps,
/// `Gamma` or `Weibull`, and that distribution's shape and scale. The rate and the shape count; the scale
/// repeats the rate of a gamma, and contradicts that of most Weibulls. `chunk-N-dataset.json` has lengths for each six
/// hours of a day: dictionaries of length and share, written by Python into strings. Of several kinds of input
/// (images, sound) the text is taken. Requests are drawn length by length, as in the data; nothing tells how
/// prompts and answers go together.
public struct ServeGenClient: Sendable, Hashable {
  /// A stretch of time with its lengths.
  struct Lengths: Sendable, Hashable {
    /// Seconds since the beginning of a day.
    var start: Double
    var input: [LengthDistribution.WeightedLength]
    var output: [LengthDistribution.WeightedLength]
  }

  /// The rates in order; each begins where the one before it ends.
  private(set) var windows: [ArrivalProcess.RateWindow] = []
  /// When each window begins, in seconds.
  private(set) var starts: [Double] = []
  private(set) var lengths: [Lengths] = []

  private static let day = 86_400.0

  /// Reads a client's files; without one of lengths it has only rates.
  public init(trace: String, dataset: String?, limits: InputLimits = .standard)
    throws(RequestLogError)
  {
    do {
      try readRates(ByteSource(path: trace, limits: limits), path: trace)
      if let dataset {
        let rows = try ServeGenLengths.read(ByteSource(path: dataset, limits: limits))
        lengths = rows.filter { !$0.input.isEmpty && !$0.output.isEmpty }
          .sorted { $0.start < $1.start }
      }
    } catch let error as RequestLogError {
      throw error
    } catch let error as TraceIOError {
      throw .input(error)
    } catch {
      throw .unknownFormat(path: trace)
    }
  }

  /// All clients of a folder, in the order of their numbers, as streams of one class.
  ///
  /// - Parameters:
  ///   - name: the class, and what streams are named after.
  ///   - scale: what all rates are multiplied by.
  ///   - input: lengths of prompts of clients without a file of lengths; without this they are an error.
  ///   - output: likewise of answers.
  public static func streams(
    folder: String, name: String, scale: Double = 1, input: LengthDistribution? = nil,
    output: LengthDistribution? = nil
  ) throws(RequestLogError) -> [ClientStream] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let numbers = files.compactMap { file -> Int? in
      guard file.hasPrefix("chunk-"), file.hasSuffix("-trace.csv") else { return nil }
      return Int(file.dropFirst(6).dropLast(10))
    }
    guard !numbers.isEmpty else { throw .empty(path: folder) }
    var streams: [ClientStream] = []
    for number in numbers.sorted() {
      let start = "\(folder)/chunk-\(number)-"
      let dataset = "\(start)dataset.json"
      let client = try ServeGenClient(
        trace: "\(start)trace.csv", dataset: isRegularFile(dataset) ? dataset : nil)
      streams += try client.streams(
        name: "\(name)/\(number)", requestClass: name, scale: scale, input: input, output: output)
    }
    return streams
  }

  /// The client as streams: one for each of its distributions of lengths, which is silent at other times
  /// of the day. After the last window all begins again.
  ///
  /// Streams that would send less than a request in 31 years are left out.
  public func streams(
    name: String, requestClass: String? = nil, scale: Double = 1,
    input: LengthDistribution? = nil, output: LengthDistribution? = nil
  ) throws(RequestLogError) -> [ClientStream] {
    try ParameterCheck.require("scale", scale, in: 1e-9...1e9)
    var parts: [(windows: [Int], input: LengthDistribution, output: LengthDistribution)] = []
    if lengths.isEmpty {
      guard let input, let output else {
        throw .badParameter(
          name: name, value: "a client without a file of lengths",
          expected: "lengths for those that have none")
      }
      parts.append((Array(windows.indices), input, output))
    } else {
      let places = starts.map(place)
      for (index, part) in lengths.enumerated() {
        parts.append(
          (
            windows.indices.filter { places[$0] == index }, .empirical(part.input),
            .empirical(part.output)
          ))
      }
    }
    var streams: [ClientStream] = []
    for (index, part) in parts.enumerated() {
      let process = process(of: part.windows, scale: scale)
      guard process.rate >= ParameterCheck.lowestRate else { continue }
      let stream = ClientStream(
        name: parts.count > 1 ? "\(name)/\(index)" : name, requestClass: requestClass ?? name,
        load: .arrivals(process), input: part.input, output: part.output)
      try ParameterCheck.part(stream.name) { () throws(RequestLogError) in try stream.validate() }
      streams.append(stream)
    }
    return streams
  }

  /// The lengths that hold at an instant: those that began last before it on its day, else the day's first.
  private func place(_ instant: Double) -> Int {
    let time = instant - (instant / Self.day).rounded(.down) * Self.day
    return max(0, (lengths.firstIndex { $0.start > time } ?? lengths.count) - 1)
  }

  /// The rates of some windows, with silence in place of the others.
  private func process(of kept: [Int], scale: Double) -> ArrivalProcess {
    let kept = Set(kept)
    var result: [ArrivalProcess.RateWindow] = []
    for (index, window) in windows.enumerated() {
      if kept.contains(index), window.rate > 0 {
        var window = window
        window.rate *= scale
        result.append(window)
      } else if let last = result.last, last.rate == 0 {
        result[result.count - 1].duration += window.duration
      } else {
        result.append(.init(duration: window.duration, rate: 0))
      }
    }
    return .windows(result, repeats: true)
  }

  private mutating func readRates(_ source: consuming ByteSource, path: String) throws {
    let names = ["start", "rate", "variation", "family", "shape", "scale"]
    var table = CSVReader(source, header: names)
    while try table.next() {
      guard starts.count < ArrivalProcess.mostWindows, let start = table.double(0),
        let rate = table.double(1), start >= 0, start > starts.last ?? -1
      else { throw Self.bad(path, table.rowLine, "not the start and rate of a window") }
      starts.append(start)
      var gaps = GapDistribution.exponential
      if rate > 0 {
        switch table.field(3) {
        case "Gamma": gaps = .gamma(variation: 1 / (table.double(4) ?? 0).squareRoot())
        case "Weibull": gaps = .weibull(shape: table.double(4) ?? 0)
        case "": break
        default: throw Self.bad(path, table.rowLine, "a distribution other than Gamma and Weibull")
        }
      }
      let window = ArrivalProcess.RateWindow(duration: 1, rate: rate, gaps: gaps)
      do {
        try ParameterCheck.require("rate", rate, in: 0...ParameterCheck.highestRate)
        try gaps.validate()
      } catch {
        throw Self.bad(path, table.rowLine, "a rate or shape out of range")
      }
      windows.append(window)
    }
    guard !windows.isEmpty else { throw RequestLogError.empty(path: path) }
    _ = try table.finish()
    // The last is as long as the one before it.
    for index in windows.indices {
      let last = max(0, min(index, windows.count - 2))
      windows[index].duration = windows.count > 1 ? starts[last + 1] - starts[last] : 600
    }
  }

  private static func bad(_ path: String, _ line: Int, _ detail: String) -> RequestLogError {
    .badDescription(path: path, place: "\(line)", reason: detail)
  }
}
