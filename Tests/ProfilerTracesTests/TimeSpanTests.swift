import Testing

@testable import ProfilerTraces

@Suite struct TimeSpanTests {
  private static let half = Int64.max / 2

  @Test(
    "times that later sums could not take are refused with their reason",
    arguments: [
      (nil, 5, .badTimestamp), (half, 5, .badTimestamp), (-half, 5, .badTimestamp),
      (.min, 5, .badTimestamp), (.max, 5, .badTimestamp), (3, nil, .badDuration),
      (3, -1, .negativeDuration), (3, .min, .negativeDuration), (3, 101, .durationTooLong),
      (3, .max, .durationTooLong), (half - 1, 100, nil), (1 - half, 0, nil), (-7, 100, nil),
    ] as [(Int64?, Int64?, RejectionReason?)])
  func bounds(start: Int64?, duration: Int64?, reason: RejectionReason?) {
    var options = ImportOptions.standard
    options.maximumDuration = 100
    func outcome(_ body: () throws -> TimeSpan) -> Result<TimeSpan, RejectionReason>? {
      do { return .success(try body()) } catch {
        return (error as? RejectionReason).map { .failure($0) }
      }
    }
    let expected: Result<TimeSpan, RejectionReason>? =
      if let reason {
        .failure(reason)
      } else {
        .success(TimeSpan(start: start ?? 0, duration: duration ?? 0))
      }
    #expect(outcome { try options.span(start: start, duration: duration) } == expected)
    // With an end instead, wherever there can be one.
    guard let start, let duration, start.magnitude < UInt64(Self.half) else { return }
    let (end, overflow) = start.addingReportingOverflow(duration)
    guard !overflow, end.magnitude < UInt64(Self.half) else { return }
    #expect(outcome { try options.span(start: start, end: end) } == expected)
  }

  @Test func `An end beyond the range is no valid duration`() {
    for end in [nil, Int64.max, .min] {
      #expect(throws: RejectionReason.badDuration) {
        try ImportOptions.standard.span(start: 0, end: end)
      }
    }
  }
}
