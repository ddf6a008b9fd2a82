/// What became of the kernels that ran as parts of CUDA and HIP graphs.
public struct GraphCoverage: Hashable, Sendable {
  /// The launches of graphs.
  public internal(set) var launches = 0
  /// The kernels, copies and fills that they ran.
  public internal(set) var kernels = 0
  /// How many of those were given to an operator by a capture.
  public internal(set) var recovered = 0
  /// How many of the recovered have the kernel name that the capture tells; captures of CUDA tell
  /// none, and are held to the number and kind of the launches alone.
  public internal(set) var verified = 0
  /// The launches whose batch was smaller than the captured one: engines pad to the next size.
  public internal(set) var paddedLaunches = 0
  /// The graphs that the captures hold.
  public internal(set) var captures = 0

  /// Creates the coverage of no graphs.
  public init() {}
}
