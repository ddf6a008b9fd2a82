internal import Catalogue
internal import Operators
internal import TraceIO

/// A model of the built-in catalogue, with what is published about it.
public struct CatalogueModel: Hashable, Sendable {
  /// The architecture, under the name of its Hugging Face repository where there is one.
  public var architecture: ModelArchitecture
  /// Other names of the same architecture.
  public var aliases: [String]
  /// The family's name, such as `llama`.
  public var family: String
  /// The published count of parameters.
  public var publishedParameters: Int
  /// How far, relatively, the published count is rounded; 0 where it is exact.
  public var tolerance: Double
  /// Where the count is published.
  public var publishedIn: String
  /// Where the sizes come from.
  public var source: String
  /// What a user must know, such as that the sizes are a guess; nil for nothing.
  public var note: String?

  /// Its name and its aliases.
  public var names: [String] { [architecture.name] + aliases }

  /// The built-in models, family by family.
  public static let builtIns: [CatalogueModel] = {
    do throws(AnalyticalError) {
      var models: [CatalogueModel] = []
      for file in Catalogue.models { models += try read(file.bytes, name: file.name) }
      return models
    } catch {
      // The tests read every file that is built in.
      preconditionFailure("\(error)")
    }
  }()

  /// Reads a family's file.
  ///
  /// - Throws: ``AnalyticalError`` that names the file and the field.
  public static func read(
    _ bytes: [UInt8], name: String
  ) throws(AnalyticalError) -> [CatalogueModel] {
    let file = try DescriptionFields(bytes, file: name, subject: "family of models")
    try file.allowOnly(["family", "models"])
    let family = try file.neededText("family")
    var models: [CatalogueModel] = []
    for fields in try file.objects("models") {
      try fields.allowOnly([
        "name", "aliases", "parameters", "tolerance", "published", "source", "note", "config",
      ])
      let name = try fields.neededText("name")
      guard let configuration = try fields.object("config") else {
        throw fields.error("model '\(name)' has no config")
      }
      models.append(
        CatalogueModel(
          architecture: try ModelArchitecture(configuration, name: name),
          aliases: fields.texts("aliases"), family: family,
          publishedParameters: try fields.needed(["parameters"], 1...1 << 50),
          tolerance: try fields.number("tolerance", 0...1) ?? 0,
          publishedIn: try fields.neededText("published"), source: try fields.neededText("source"),
          note: fields.text("note")))
    }
    return models
  }
}

extension ModelArchitecture {
  /// The built-in architecture of that name, ignoring case and the organisation before the slash.
  public static func builtIn(named name: String) -> ModelArchitecture? {
    let wanted = key(name)
    return index[wanted].map { builtIns[$0] }
  }

  /// The name in the catalogue that an unknown one is most like, without the organisation; nil where none is.
  ///
  /// Of names that are as near those of repositories come before short ones of other tools.
  public static func nearest(to name: String) -> String? {
    let names = CatalogueModel.builtIns.flatMap(\.names)
    let ordered = names.filter { $0.contains("/") } + names.filter { !$0.contains("/") }
    let keys = ordered.map(key)
    guard let near = nearestName(to: key(name), among: keys), let place = keys.firstIndex(of: near)
    else { return nil }
    return ordered[place].split(separator: "/").last.map(String.init)
  }

  /// The built-in architectures, family by family; see ``CatalogueModel`` for their sources.
  public static let builtIns = CatalogueModel.builtIns.map(\.architecture)

  private static let index: [String: Int] = {
    var index: [String: Int] = [:]
    for (place, model) in CatalogueModel.builtIns.enumerated() {
      for name in model.names { index[key(name)] = place }
    }
    return index
  }()

  /// What names are compared by; an underscore is as good as a hyphen.
  private static func key(_ name: String) -> String {
    String(name.split(separator: "/").last ?? "").lowercased()
      .map { $0 == "_" ? "-" : String($0) }.joined()
  }
}
