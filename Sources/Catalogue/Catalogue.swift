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
  public static let models: [File] = [
    File(name: "Models/llama.json", bytes: PackageResources.llama_json),
    File(name: "Models/qwen.json", bytes: PackageResources.qwen_json),
    File(name: "Models/mistral.json", bytes: PackageResources.mistral_json),
    File(name: "Models/gemma.json", bytes: PackageResources.gemma_json),
    File(name: "Models/deepseek.json", bytes: PackageResources.deepseek_json),
    File(name: "Models/kimi.json", bytes: PackageResources.kimi_json),
    File(name: "Models/glm.json", bytes: PackageResources.glm_json),
    File(name: "Models/gpt-oss.json", bytes: PackageResources.gpt_oss_json),
    File(name: "Models/phi.json", bytes: PackageResources.phi_json),
    File(name: "Models/nemotron.json", bytes: PackageResources.nemotron_json),
    File(name: "Models/falcon.json", bytes: PackageResources.falcon_json),
    File(name: "Models/mamba.json", bytes: PackageResources.mamba_json),
    File(name: "Models/jamba.json", bytes: PackageResources.jamba_json),
    File(name: "Models/dbrx.json", bytes: PackageResources.dbrx_json),
    File(name: "Models/grok.json", bytes: PackageResources.grok_json),
    File(name: "Models/opt.json", bytes: PackageResources.opt_json),
    File(name: "Models/gpt.json", bytes: PackageResources.gpt_json),
    File(name: "Models/palm.json", bytes: PackageResources.palm_json),
    File(name: "Models/embedding.json", bytes: PackageResources.embedding_json),
    File(name: "Models/superllm.json", bytes: PackageResources.superllm_json),
  ]

  /// One file a maker of devices.
  public static let devices: [File] = [
    File(name: "Devices/nvidia.json", bytes: PackageResources.nvidia_json),
    File(name: "Devices/amd.json", bytes: PackageResources.amd_json),
    File(name: "Devices/google.json", bytes: PackageResources.google_json),
    File(name: "Devices/intel.json", bytes: PackageResources.intel_json),
    File(name: "Devices/cpu.json", bytes: PackageResources.cpu_json),
  ]

  /// Servers and pods.
  public static let platforms: [File] = [
    File(name: "Platforms/platforms.json", bytes: PackageResources.platforms_json)
  ]
}
