private import EmbeddedFiles

/// The declarative files of models, devices and platforms that come with Reprise, as they are.
///
/// Data only, in a target of its own: what the files mean is `Analytical`'s, and their contracts are
/// `TraceSchemas/model-family.schema.json`, `device.schema.json` and `platform.schema.json`.
public enum Catalogue {
  /// A file by its name, and its bytes.
  public struct File: Sendable {
    /// The name within the catalogue, such as `Models/llama.json`.
    public let name: String
    /// JSON.
    public let bytes: [UInt8]
  }

  /// One file a family of models.
  public static let models = files(embedded_models(), in: "Models")

  /// One file a maker of devices.
  public static let devices = files(embedded_devices(), in: "Devices")

  /// Servers and pods.
  public static let platforms = files(embedded_platforms(), in: "Platforms")

  private static func files(_ embedded: embedded_files, in folder: String) -> [File] {
    UnsafeBufferPointer(start: embedded.first, count: embedded.count).map { file in
      File(
        name: folder + "/" + String(cString: file.name),
        bytes: Array(UnsafeBufferPointer(start: file.bytes, count: file.count)))
    }
  }
}
