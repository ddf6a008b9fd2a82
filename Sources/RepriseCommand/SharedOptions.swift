import ArgumentParser
import Reprise

/// Where the database is.
struct DatabaseOptions: ParsableArguments {
  @Option(name: .customLong("db"), help: "The database of operator latencies.", completion: .file())
  var path: String

  mutating func validate() throws { try checkDatabasePath(path) }

  func open(_ mode: OperatorStore.Mode) throws -> OperatorStore {
    try OperatorStore(path: path, mode: mode)
  }

  /// Opens one that is there, to be written to: a path that is mistyped is no new database.
  func openToUpdate() throws -> OperatorStore {
    _ = try open(.readOnly)
    return try open(.readWrite)
  }
}

/// Refuses what SQLite takes for databases that are gone when the command ends.
func checkDatabasePath(_ path: String) throws {
  guard !path.isEmpty, path != ":memory:", !path.hasPrefix("file:") else {
    throw UsageError("a database must be the path of a file, not '\(path)'")
  }
}

/// Finds what a file names; what is wrong with the name is that file's fault, not the command line's.
///
/// - Parameter place: the file, and where in it.
func named<Value>(
  in place: @autoclosure () -> String, _ find: () throws -> Value
) throws -> Value {
  do {
    return try find()
  } catch {
    let failure = Failure(error)
    throw Failure(
      failure.cause == .usage ? .data : failure.cause, "\(place()): \(failure.description)")
  }
}

/// Finds a device's data sheet by name or in a file, or says which there are.
///
/// - Parameter folder: what a relative path is relative to.
func dataSheet(named name: String, beside folder: String = ".") throws -> Device {
  if let device = Device.builtIn(named: name) { return device }
  if let file = DescriptionFile(RepriseCommand.filePath(name, beside: folder)) {
    return try file.choice(of: Device.read(smallFile(file.path), name: file.path), \.name)
  }
  let hint = nearestName(to: name, among: Device.builtIns.map(\.name))
  throw Failure(
    .usage,
    "no data sheet for device '\(name)'; \(hint.map { "did you mean '\($0)'? " } ?? "")"
      + "'reprise catalogue devices' lists them, any name from 'cpu-' is a core, and FILE.json may "
      + "describe another")
}

/// Finds a platform by name or in a file, or says which there are.
///
/// - Parameter device: what a file's platforms may name beside the built-in devices.
func describedPlatform(named name: String, besides device: Device? = nil) throws -> Platform {
  if let known = Platform.builtIn(named: name) { return known }
  guard let file = DescriptionFile(name) else {
    let names = Platform.builtIns.map(\.name)
    let hint = nearestName(to: name, among: names).map { "did you mean '\($0)'?" }
    throw Failure(
      .usage,
      "no platform '\(name)'; \(hint ?? "known are " + names.joined(separator: ", "))")
  }
  let platforms = try Platform.read(
    smallFile(file.path), name: file.path, devices: [device].compactMap(\.self) + Device.builtIns)
  return try file.choice(of: platforms, \.name)
}

/// A file that describes something, whole.
///
/// - Throws: where it cannot be read or is larger than any description, 1 MiB.
func smallFile(_ path: String) throws -> [UInt8] { try smallFile(path, as: "").bytes }

/// The same with what a result tells of it: what it was read as, and its digest.
func smallFile(
  _ path: String, as role: String
) throws -> (bytes: [UInt8], input: ResultFile.Input) {
  let most = 1 << 20
  var source = try ByteSource(path: path)
  let bytes = try source.read(count: most + 1)
  guard bytes.count <= most else {
    throw Failure(.data, "\(path): more than \(most) bytes, which no description needs")
  }
  let summary = try source.finish()
  return (
    bytes,
    ResultFile.Input(
      role: role, path: path, sha256: summary.sha256, bytes: summary.storedBytes)
  )
}

extension RepriseCommand {
  /// The folder that a file is in.
  static func folder(of path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    return parts.isEmpty ? "." : parts.joined(separator: "/")
  }

  /// Where a file is that another one names: a relative path is relative to that one.
  static func filePath(_ name: String, beside folder: String) -> String {
    name.hasPrefix("/") ? name : folder + "/" + name
  }
}

/// Finds a model's architecture: a built-in name, or the path of a `config.json`.
///
/// - Parameter folder: what a relative path is relative to, besides the working directory.
func modelArchitecture(named name: String, beside folder: String = ".") throws -> ModelArchitecture
{
  if let known = ModelArchitecture.builtIn(named: name) { return known }
  guard name.hasSuffix(".json") else {
    let hint = ModelArchitecture.nearest(to: name)
    throw Failure(
      .usage,
      "model '\(name)' is not built in; \(hint.map { "did you mean '\($0)'? " } ?? "")"
        + "'reprise catalogue models' lists them, or give the path of its config.json")
  }
  return try ModelArchitecture(
    configuration: smallFile(RepriseCommand.filePath(name, beside: folder)), name: name)
}
