import Analytical
import Foundation
import Reports
import TestSupport
import Testing

/// `reprise catalogue --json`.
@Suite struct CatalogueFileTests {
  private static let files = [
    "models": CatalogueFile(models: CatalogueModel.builtIns),
    "devices": CatalogueFile(devices: Device.builtIns),
    "platforms": CatalogueFile(platforms: Platform.builtIns),
  ]

  @Test(arguments: [
    ("models", CatalogueModel.builtIns.map(\.architecture.name)),
    ("devices", Device.builtIns.map(\.name)), ("platforms", Platform.builtIns.map(\.name)),
  ])
  func `Every entry is there, as the contract has it`(kind: String, names: [String]) throws {
    let file = try #require(Self.files[kind])
    let found = try #require(
      try JSONSerialization.jsonObject(with: indentedJSON(file)) as? [String: Any])
    #expect(try SchemaCheck(file: "catalogue.schema.json").problems(in: found) == [])
    #expect(found.keys.sorted() == [kind, "schema", "version"].sorted())
    let entries = try #require(found[kind] as? [[String: Any]])
    #expect(entries.map { $0["name"] as? String } == names)
  }

  @Test func `Figures are those of data sheets, in plain units`() throws {
    let h100 = try #require(Device.builtIn(named: "h100-sxm"))
    let found =
      try JSONSerialization.jsonObject(
        with: indentedJSON(CatalogueFile(devices: [h100]))) as? [String: Any]
    let device = try #require((found?["devices"] as? [[String: Any]])?.first)
    // NVIDIA's data sheet: 3.35 TB/s, 1979 TFLOPS sparse, 900 GB/s both ways, 700 W.
    #expect(device["memory_bytes_per_second"] as? Double == 3.35e12)
    #expect(device["watts"] as? Double == 700)
    #expect((device["peak_flops"] as? [String: Double])?["bf16"] == 989.5e12)
    #expect(device["link_bytes_per_second"] as? Double == 450e9)
  }
}
