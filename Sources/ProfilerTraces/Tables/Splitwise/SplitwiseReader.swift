import Operators
import TraceIO

/// Imports Splitwise's `perf_model.csv`: whole steps of a model, on several devices.
///
/// Each row is a run of `batch_size` requests of `prompt_size` tokens, which were asked for
/// `token_size` tokens, on `tensor_parallel` devices. It gives two steps: all prompts at once in
/// `prompt_time`, and one token of each request in `token_time`, both in milliseconds. The latter is
/// a mean over the run, and so stands at the mean context, where the run made all of its tokens:
/// the rest of `e2e_time` is then that many of it, within 2 %. Where requests ended early their
/// contexts are not known, and the step is left out (``RejectionReason/unknownContext``). Power is
/// not read.
enum SplitwiseReader {
  /// The columns that tell the format.
  static let columns = [
    "model", "hardware", "prompt_size", "batch_size", "token_size", "prompt_time", "token_time",
    "e2e_time", "tensor_parallel",
  ]
  /// The share by which a run's tokens may seem to differ from those asked for.
  private static let tolerance = 0.02

  /// Imports the table.
  ///
  /// - Returns: A trace without samples for each device, model and number of devices; the last
  ///   two are its facts. Steps have no instant, so all begin at 0.
  static func read(
    path: String, options: ImportOptions = .standard
  ) throws(ProfilerTraceError) -> [ImportedTrace] {
    var parts = TableParts(options)
    let read: (missing: String?, input: InputSummary?)
    do throws(TraceIOError) {
      var rows = try CSVReader(path: path, options: options)
      if let missing = columns.first(where: { rows.column($0) == nil }) {
        read = (missing, nil)
      } else {
        try readRows(&rows, options, &parts)
        read = (nil, try rows.finish())
      }
    } catch {
      throw .input(error)
    }
    guard let input = read.input else {
      throw .missingColumn(path: path, column: read.missing ?? "")
    }
    return try parts.finish(path: path, input)
  }

  private static func readRows(
    _ rows: inout CSVReader, _ options: ImportOptions, _ parts: inout TableParts
  ) throws(TraceIOError) {
    let sizes = IntegerColumns(
      ["prompt_size", "batch_size", "token_size", "tensor_parallel"], rows)
    let texts = ["model", "hardware"].compactMap { rows.column($0) }
    let times = ["prompt_time", "token_time", "e2e_time"].compactMap { rows.column($0) }
    while try rows.next(), parts.hasRoom {
      let names = texts.map { String(rows.field($0).prefix(256)) }
      guard let values = sizes.values(rows), names.allSatisfy({ !$0.isEmpty }),
        let run = Run(values)
      else {
        parts.reject(.badValue)
        parts.reject(.badValue)
        continue
      }
      let milliseconds = times.map { TimeUnit.milliseconds.nanoseconds(rows, $0) }
      let ranks = values[3]
      parts.change(
        [names[1], names[0], "tp\(ranks)"],
        new: {
          var trace = ImportedTrace(format: .splitwise)
          trace.deviceName = names[1]
          trace.facts = ["model": names[0], "tensor_parallel": "\(ranks)"]
          trace.runtime = RuntimeDescription(framework: "Splitwise")
          return trace
        }
      ) { trace in
        trace.add(milliseconds[0], run.promptStep, options)
        if run.endedEarly(milliseconds) {
          trace.coverage.recordsRead += 1
          trace.coverage.reject(.unknownContext)
        } else {
          trace.add(milliseconds[1], run.tokenStep, options)
        }
      }
    }
  }

  /// The sizes of one row.
  private struct Run {
    var tokens: Int
    var promptStep: StepShape
    /// The first token comes from the prompt's step; the others read `prompt + 1` to
    /// `prompt + tokens - 1` keys, their own included.
    var tokenStep: StepShape

    init?(_ values: [Int]) {
      let (prompt, batch) = (values[0], values[1])
      tokens = values[2]
      guard (1...SizeLimits.tokens).contains(prompt), (1...SizeLimits.sequences).contains(batch),
        (2...SizeLimits.tokens).contains(tokens), (1...1024).contains(values[3])
      else { return nil }
      var (prompts, tokens) = (StepShape(), StepShape())
      prompts.addPrefill(tokens: prompt, past: 0, samples: true)
      tokens.addDecode(context: prompt + values[2] / 2)
      guard let promptStep = prompts.repeated(batch), let tokenStep = tokens.repeated(batch) else {
        return nil
      }
      (self.promptStep, self.tokenStep) = (promptStep, tokenStep)
    }

    /// Whether the run's time is not that of all the tokens asked for.
    func endedEarly(_ times: [Double?]) -> Bool {
      guard let first = times[0], let each = times[1], let whole = times[2], each > 0 else {
        return false
      }
      let made = (whole - first) / each
      return !(abs(made - Double(tokens - 1)) <= SplitwiseReader.tolerance * Double(tokens))
    }
  }
}

extension ImportedTrace {
  /// Counts a record, and keeps its step or the reason why it has none.
  fileprivate mutating func add(_ time: Double?, _ shape: StepShape, _ options: ImportOptions) {
    coverage.recordsRead += 1
    switch MeasuredTimes(mean: time).statistics(options) {
    case .success(let statistics):
      coverage.recordsUsed += 1
      measuredSteps.append(
        MeasuredStep(start: .zero, duration: Nanoseconds(rounding: statistics.mean), shape: shape))
    case .failure(let rejection): coverage.reject(rejection.reason)
    }
  }
}

extension StepShape {
  /// The step of so many equal sequences, or nil where a sum of theirs does not fit.
  fileprivate func repeated(_ count: Int) -> StepShape? {
    var shape = self
    for sum in [
      \StepShape.prefillSequences, \.prefillTokens, \.prefillPairs, \.prefillContext,
      \.decodeSequences, \.decodeContext, \.sampledSequences,
    ] {
      let (product, overflow) = self[keyPath: sum].multipliedReportingOverflow(by: count)
      guard !overflow, product < StepShape.largestSum else { return nil }
      shape[keyPath: sum] = product
    }
    return shape
  }
}
