/// What is known about the clock of the device, and which durations it spoils.
public struct TimingQuality: Hashable, Sendable {
  /// The smallest step of the time stamps, in nanoseconds: 1, or 1000 in traces of whole microseconds.
  public internal(set) var resolution: Int64 = 1
  /// The kernels that began before the one before them on their stream had ended, and the time that
  /// both ran; what programmatic dependent launch does.
  public internal(set) var overlaps = Tally()
  /// The kernels whose duration held the whole of the next kernel on their stream, which no stream
  /// allows; they were cut where that began, by this time.
  public internal(set) var overflows = Tally()
  /// The kernels without any duration.
  public internal(set) var zeroDurations = 0

  /// Creates the quality of an exact clock.
  public init() {}
}
