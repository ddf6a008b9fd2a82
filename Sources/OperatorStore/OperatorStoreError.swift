import Operators

/// What can go wrong with a database of operator latencies.
public enum OperatorStoreError: Error, Hashable {
  /// The file is not there.
  case missing(path: String)
  /// The file is there, and cannot be read.
  case cannotRead(path: String, problem: String)
  /// The file is not an operator-latency database.
  case notADatabase(path: String)
  /// The database was written by a newer Reprise.
  case tooNew(path: String)
  /// The database was written by an older Reprise, and cannot be brought up to this one's schema.
  case tooOld(path: String)
  /// The file cannot be written or made.
  case cannotWrite(path: String, problem: String)
  /// The disk is full, or failed to take what was written.
  case noSpace(path: String, problem: String)
  /// Another process is writing.
  case busy(path: String)
  /// Two databases that are to become one say different things of one thing.
  case conflict(first: String, second: String, problem: String)
  /// Nothing of what is asked for was measured by the software that is to price it.
  case noRuntime(path: String, name: String, device: String, known: [String])
  /// A row holds what no import writes.
  case damaged(path: String, table: String, row: Int64, problem: String)
  /// SQLite refused.
  case database(path: String, problem: String)
}

extension OperatorStoreError: CustomStringConvertible {
  /// One sentence: which file, what is wrong, what to do.
  public var description: String {
    switch self {
    case .missing(let path):
      "\(path): no such database; 'reprise import FILE --db \(path)' makes one"
    case .cannotRead(let path, let problem):
      "\(path): cannot be read (\(problem)); name a file that you may read"
    case .notADatabase(let path):
      "\(path): not an operator-latency database; name another file"
    case .tooNew(let path):
      "\(path): written by a newer version of reprise; use that version, or import into a new file"
    case .tooOld(let path):
      "\(path): written by an older version of reprise, and not writable to be brought up to this one; "
        + "use a copy of it that you may write to"
    case .cannotWrite(let path, let problem):
      "\(path): cannot be written (\(problem)); name a file in a folder that exists and that "
        + "you may write to"
    case .noSpace(let path, let problem):
      "\(path): cannot be written (\(problem)) and is left as it was; free space on its disk, or "
        + "raise the limit on the size of files"
    case .busy(let path):
      "\(path): another process is writing to it; try again when it is done"
    case .conflict(let first, let second, let problem):
      "\(first) and \(second): \(problem)"
    case .noRuntime(let path, let name, let device, let known):
      "\(path): '\(name)' measured nothing for \(device); "
        + (nearestName(to: name, among: known).map { "did you mean '\($0)'? " } ?? "")
        + (known.isEmpty
          ? "no software did" : "those that did are \(known.joined(separator: ", "))")
    case .damaged(let path, let table, let row, let problem):
      "\(path): row \(row) of table \(table): \(problem); something else than reprise wrote it: import the "
        + "files again into a new database"
    case .database(let path, let problem):
      "\(path): SQLite says '\(problem)'; if the file is damaged, import the files again into a new one"
    }
  }
}
