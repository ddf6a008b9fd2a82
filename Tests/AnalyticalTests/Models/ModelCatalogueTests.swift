import Analytical
import Catalogue
import Foundation
import TestSupport
import Testing

@Suite struct ModelCatalogueTests {
  @Test(arguments: [
    ("Models", Catalogue.models), ("Devices", Catalogue.devices),
    ("Platforms", Catalogue.platforms),
  ])
  func `Every file of the catalogue is built in, as it lies in the folder`(
    folder: String, files: [Catalogue.File]
  ) throws {
    let url = Checkout.url("Sources/Catalogue")
    let found = try FileManager.default.contentsOfDirectory(
      atPath: url.appending(path: folder).path()
    ).filter { $0.hasSuffix(".json") }
    #expect(Set(files.map(\.name)) == Set(found.map { "\(folder)/\($0)" }))
    #expect(files.count == found.count)
    for file in files {
      let bytes = try Data(contentsOf: url.appending(path: file.name))
      #expect(bytes.elementsEqual(file.bytes), "\(file.name) is not what was built in")
    }
  }

  /// As `builtIn(named:)` compares them.
  private func key(_ name: String) -> String {
    (name.components(separatedBy: "/").last ?? "").lowercased()
  }

  @Test func `No two models share a name`() {
    var owners: [String: String] = [:]
    for model in CatalogueModel.builtIns {
      for name in model.names {
        let owner = owners.updateValue(model.architecture.name, forKey: key(name))
        #expect(owner == nil, "\(name) is that of \(owner ?? "") and \(model.architecture.name)")
      }
    }
    #expect(owners.count > 200)
  }

  @Test(arguments: CatalogueModel.builtIns)
  func `A model is found by each of its names, in any case, with or without organisation`(
    model: CatalogueModel
  ) {
    for name in model.names {
      for text in [name, name.uppercased(), name.lowercased(), "Someone/" + key(name)] {
        #expect(ModelArchitecture.builtIn(named: text) == model.architecture, "\(text)")
      }
    }
    #expect(ModelArchitecture.builtIn(named: model.names[0] + "-") == nil)
  }

  @Test(arguments: ["", "/", "Llama", "llama-3.1-8b ", "meta-llama/", "\u{0}"])
  func `An unknown model is not guessed`(name: String) {
    #expect(ModelArchitecture.builtIn(named: name) == nil)
  }

  @Test func `Every built-in model is of a known family, in the file of its family`() {
    for file in Catalogue.models {
      let models = try? CatalogueModel.read(file.bytes, name: file.name)
      #expect(models?.isEmpty == false)
      for model in models ?? [] {
        #expect(file.name == "Models/\(model.family).json")
        #expect(model.architecture.isFamilyKnown, "\(model.architecture.name)")
        #expect(!model.publishedIn.isEmpty && !model.source.isEmpty)
        #expect(model.tolerance == 0 || model.note != nil || model.tolerance <= 0.05)
      }
    }
  }

  @Test(arguments: [
    (#"{"models": []}"#, "'family'"), (#"{"family": "f"}"#, "'models'"),
    (#"{"family": "f", "models": [], "x": 1}"#, "'x'"),
    (#"{"family": "f", "models": [{"name": "n"}]}"#, "config"),
    (#"{"family": "f", "models": [{"name": "n", "alias": ["m"]}]}"#, "did you mean 'aliases'"),
    (
      #"{"family": "f", "models": [{"name": "n", "parameters": 0, "published": "p", "source": "s", "config": {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 1, "vocab_size": 1}}]}"#,
      "'models[0].parameters' is 0"
    ),
  ])
  func `A file of models that is none says why`(text: String, reason: String) {
    let problem = refusal { _ = try CatalogueModel.read(Array(text.utf8), name: "f.json") }
    #expect(problem?.contains(reason) == true, "\(problem ?? "accepted")")
    #expect(problem?.hasPrefix("f.json: ") == true)
  }
}
