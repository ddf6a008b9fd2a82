import ArgumentParser
import Reprise

/// Whether a command prints JSON in place of text.
struct JSONOptions: ParsableArguments {
  @Flag(
    name: .customLong("json"), inversion: .prefixedNo,
    help: "Print JSON instead of text; --no-json where reprise.yaml says so.")
  var isWanted = false
}

/// Prints a document as our files hold them: indented, members sorted.
///
/// - Throws: ``Failure`` where a figure is infinite or no number.
func printJSON(_ document: some Encodable) throws {
  do {
    print(String(decoding: try indentedJSON(document), as: UTF8.self))
  } catch {
    throw Failure(.data, "a figure is infinite or not a number, which JSON cannot hold")
  }
}
