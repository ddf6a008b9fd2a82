import Reprise

/// A file of several described things, of which an argument names one: `FILE.json` or
/// `FILE.json#NAME`.
struct DescriptionFile {
  let path: String
  private let name: String?

  /// Splits an argument; nil where it names no JSON file.
  init?(_ argument: String) {
    let parts = argument.split(separator: "#", maxSplits: 1).map(String.init)
    guard let path = parts.first, path.hasSuffix(".json") else { return nil }
    self.path = path
    name = parts.count > 1 ? parts[1] : nil
  }

  /// The thing that the argument names, or the only one.
  func choice<Thing>(of things: [Thing], _ name: (Thing) -> String) throws -> Thing {
    let names = things.map(name)
    if let wanted = self.name {
      guard let index = names.firstIndex(of: wanted) else {
        throw Failure(
          .usage, "\(path): no '\(wanted)' in it; it holds \(names.joined(separator: ", "))")
      }
      return things[index]
    }
    guard let only = things.first, things.count == 1 else {
      throw Failure(
        .usage, "\(path): which one? add #NAME; it holds \(names.joined(separator: ", "))")
    }
    return only
  }
}
