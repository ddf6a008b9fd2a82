import ArgumentParser
import Reprise

/// Where the database is.
struct DatabaseOptions: ParsableArguments {
  @Option(name: .customLong("db"), help: "The database of operator latencies.")
  var path: String

  mutating func validate() throws {
    // SQLite takes these for databases that are gone when the command ends.
    guard !path.isEmpty, path != ":memory:", !path.hasPrefix("file:") else {
      throw UsageError("--db must be the path of a file, not '\(path)'")
    }
  }

  func open(_ mode: OperatorStore.Mode) throws -> OperatorStore {
    try OperatorStore(path: path, mode: mode)
  }
}

/// Finds a device's data sheet by name or in a file, or says which there are.
///
/// - Parameter folder: what a relative path is relative to.
func dataSheet(named name: String, beside folder: String = ".") throws -> Device {
  if let device = Device.builtIn(named: name) { return device }
  if let file = DescriptionFile(RepriseCommand.modelPath(name, beside: folder)) {
    return try file.choice(of: Device.read(file.bytes(), name: file.path), \.name)
  }
  let hint = nearestName(to: name, among: Device.builtIns.map(\.name))
  throw Failure(
    .usage,
    "no data sheet for device '\(name)'; \(hint.map { "did you mean '\($0)'? " } ?? "")"
      + "'reprise catalogue devices' lists them, any name from 'cpu-' is a core, and FILE.json may "
      + "describe another")
}

extension RepriseCommand {
  /// Where a model's file is: a relative path is relative to the file that names it.
  static func modelPath(_ name: String, beside folder: String) -> String {
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
    let hint = nearestName(to: name, among: CatalogueModel.builtIns.flatMap(\.names))
    throw Failure(
      .usage,
      "model '\(name)' is not built in; \(hint.map { "did you mean '\($0)'? " } ?? "")"
        + "'reprise catalogue models' lists them, or give the path of its config.json")
  }
  var source = try ByteSource(path: RepriseCommand.modelPath(name, beside: folder))
  return try ModelArchitecture(configuration: try source.read(count: 1 << 20), name: name)
}
