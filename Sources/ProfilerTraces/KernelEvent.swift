/// One launch of a kernel, and where the source holds it.
public struct KernelEvent: Hashable, Sendable {
  /// Where the source holds it.
  public var place: SourcePlace
  /// Its duration in nanoseconds.
  public var duration: Int64

  /// Creates a launch.
  public init(place: SourcePlace, duration: Int64) {
    self.place = place
    self.duration = duration
  }
}
