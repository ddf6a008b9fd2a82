package import Foundation
package import TraceIO

/// JSON as we write it: indented, members sorted.
package func indentedJSON(_ value: some Encodable) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return try encoder.encode(value)
}

/// Writes a value as JSON of ours, whole or not at all.
package func writeJSON(_ value: some Encodable, to path: String) throws(OutputError) {
  let text: [UInt8]
  do {
    text = Array(try indentedJSON(value))
  } catch {
    throw OutputError(path: path, reason: "a figure is infinite or not a number")
  }
  var file = try OutputFile(path: path)
  try file.write(text)
  try file.write("\n")
  try file.commit()
}

/// What every result of ours begins with.
private struct ResultHead: Decodable {
  var schema: String
  var version: Int
}

/// Reads a result of ours, if it is of this kind and version.
package func readResult<Result: Decodable>(
  _ path: String, schema: String, version: Int
) throws(ReportError) -> Result {
  let data = try readWholeFile(path)
  let head: ResultHead
  do {
    head = try JSONDecoder().decode(ResultHead.self, from: data)
  } catch {
    throw .badFile(path: path, reason: "it is not a result of ours, or it is damaged")
  }
  guard head.schema == schema, head.version == version else {
    throw .badFile(
      path: path, reason: "it is \(head.schema) version \(head.version), not \(schema) \(version)")
  }
  do {
    return try JSONDecoder().decode(Result.self, from: data)
  } catch {
    throw .badFile(path: path, reason: "it is damaged: \(whereItFailed(error))")
  }
}

/// Which member a decoder could not read.
private func whereItFailed(_ error: any Error) -> String {
  let path: [any CodingKey]
  switch error {
  case DecodingError.keyNotFound(let key, let context): path = context.codingPath + [key]
  case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
    DecodingError.dataCorrupted(let context):
    path = context.codingPath
  default: path = []
  }
  let name = path.map(\.stringValue).joined(separator: ".")
  return name.isEmpty ? "it is no JSON" : "'\(name)' is missing or not what it should be"
}
