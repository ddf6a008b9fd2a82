import ArgumentParser
@preconcurrency import Foundation
import Reprise

/// A user's mistake or a damaged input, told in one line, with the exit code of its cause.
///
/// Codes are those of `sysexits.h`, as `reprise help` lists them.
struct Failure: Error, CustomStringConvertible {
  /// Why a command ends without its result.
  enum Cause: Int32 {
    /// The arguments are wrong.
    case usage = 64
    /// An input's content cannot be used.
    case data = 65
    /// An input cannot be opened.
    case noInput = 66
    /// Something is missing that another command makes.
    case unavailable = 69
    /// An output cannot be written.
    case cannotCreate = 73
  }

  /// The codes in words, for the help of commands.
  static let exitCodes = """
    Exit codes: 0 done, 64 wrong arguments, 65 an input that cannot be used, 66 an input that \
    cannot be opened, 69 something missing that another command makes, 73 an output that cannot be \
    written, 130 stopped by SIGINT with what had finished written.
    """

  var cause: Cause
  var description: String

  init(_ cause: Cause, _ description: String) {
    self.cause = cause
    self.description = description
  }

  /// Translates a library's error.
  init(_ error: any Error) {
    let text = String(describing: error)
    switch error {
    case let failure as Failure: self = failure
    case let error as TraceIOError: self.init(error.reason == .cannotOpen ? .noInput : .data, text)
    case ProfilerTraceError.input(let cause), RequestLogError.input(let cause): self.init(cause)
    case ProfilerTraceError.unknownFormat(let path, _):
      self.init(
        .data,
        OwnFile(path: path)?.hint(path: path) ?? logHint(path: path)
          ?? text + ", and docs/FORMATS.md for request logs")
    case RequestLogError.unknownFormat(let path, _):
      let format = try? TraceFormat.detect(path: path)
      self.init(
        .data,
        format.map { $0.hint(path: path) } ?? OwnFile(path: path)?.hint(path: path)
          ?? text + " (--log-mapping)")
    case RequestLogError.tooManyBadRows(_, let rows, let problems) where problems.count < rows:
      self.init(.data, text + " with --max-bad-rows")
    case RequestLogError.unitIsKnown: self.init(.data, text + " with --unit")
    case OperatorStoreError.missing, OperatorStoreError.cannotRead: self.init(.noInput, text)
    case OperatorStoreError.cannotWrite, OperatorStoreError.noSpace: self.init(.cannotCreate, text)
    case OperatorStoreError.busy: self.init(.unavailable, text)
    case is OutputError: self.init(.cannotCreate, text)
    case ReportError.cannotRead: self.init(.noInput, text)
    case AnalyticalError.layout, is GenZRefusal: self.init(.usage, text)
    case ReplayError.unevenShards, ReplayError.experts: self.init(.data, text)
    case CalibrationError.nothingMeasured: self.init(.data, text)
    case CalibrationError.nothingToJudge: self.init(.usage, text)
    case is CalibrationError, is ReplayError: self.init(.unavailable, text)
    default: self.init(.data, text)
    }
  }
}

/// What to do with a file of no format that is imported, where it has to do with request logs.
private func logHint(path: String) -> String? {
  if let format = RequestLogReader.format(ofFile: path) { return format.hint(path: path) }
  if let companion = RequestLogReader.companion(ofFile: path) {
    return RequestLogError.companion(path: path, companion).description
  }
  return RequestLogReader.nearest(toFile: path).map {
    "\(path): is neither imported nor a request log that is read; of logs it comes nearest to \($0)"
  }
}

extension RequestLogFormat {
  /// What to do with a log that was given as a trace.
  fileprivate func hint(path: String) -> String {
    "\(path): is a request log (\(title)), no trace; 'reprise replay --log' and "
      + "'reprise calibrate --log' take it"
  }
}

extension TraceFormat {
  /// What to do with a trace that was given as a log.
  fileprivate func hint(path: String) -> String {
    "\(path): is no request log, but for 'reprise import' (\(title))"
  }
}

/// A command whose errors end in one line on standard error and a documented exit code.
protocol FailingCommand: ParsableCommand {
  /// Does the command's work.
  mutating func execute() throws
}

extension FailingCommand {
  mutating func run() throws {
    do {
      try execute()
      try flushOutput()
    } catch let code as ExitCode {
      throw code
    } catch let error as UsageError {
      throw error
    } catch {
      throw told(error)
    }
  }
}

/// Tells an error in a line, and gives the exit code of its cause.
private func told(_ error: any Error) -> ExitCode {
  let failure = Failure(error)
  write(toStandardError: "reprise: \(failure.description)")
  return ExitCode(failure.cause.rawValue)
}

extension RepriseCommand {
  /// Ends the process with an error that came before any command.
  static func exit(withFailure error: any Error) -> Never { exit(withError: told(error)) }
}

/// Writes a line for the person at the terminal, beside the output and after what was printed so far.
func note(_ line: String) throws {
  try flushOutput()
  write(toStandardError: line)
}

private func flushOutput() throws {
  // What a full disk refused while printing is known to the stream alone. Nobody reading any more is
  // no failure: the reader chose to stop.
  guard fflush(nil) == 0 && ferror(stdout) == 0 || isReaderGone() else {
    throw Failure(.cannotCreate, "standard output cannot be written; is its disk full?")
  }
}

/// Whether standard output is a pipe that nobody reads.
private func isReaderGone() -> Bool {
  var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
  return poll(&output, 1, 0) == 1 && output.revents & Int16(POLLERR) != 0
}

private func write(toStandardError line: String) {
  // Where even this cannot be written there is nowhere left to say so.
  try? FileHandle.standardError.write(contentsOf: Data((printableText(line) + "\n").utf8))
}

/// Wrong arguments: told with the command's usage, exit code 64.
typealias UsageError = ArgumentParser.ValidationError

/// Processor time of this process so far, in seconds.
func processorSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
