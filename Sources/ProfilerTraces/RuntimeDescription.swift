/// The software that ran, as far as a source says.
public struct RuntimeDescription: Hashable, Sendable {
  /// The framework, such as `PyTorch` or `vLLM`.
  public var framework: String?
  /// The framework's version.
  public var version: String?

  /// Creates a description.
  public init(framework: String? = nil, version: String? = nil) {
    self.framework = framework
    self.version = version
  }
}
