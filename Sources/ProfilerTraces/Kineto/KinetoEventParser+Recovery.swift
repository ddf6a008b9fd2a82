import TraceIO

/// Going on behind damaged events.
extension KinetoEventParser {
  private static let eventNames = JSONKeys(["ph", "cat", "name", "pid", "tid", "ts", "dur", "args"])
  /// What may follow the events in a trace; other names could as well be an event's.
  private static let memberNames = JSONKeys([
    "schemaVersion", "deviceProperties", "distributedInfo", "displayTimeUnit",
    "baseTimeNanoseconds", "traceName", "trace_id", "record_shapes", "with_stack", "with_flops",
    "with_modules", "profile_memory", "cuda_runtime_version", "cuda_driver_version",
    "cupti_version", "hip_runtime_version", "hip_driver_version", "roctracer_version",
  ])

  /// Counts one damaged event and moves to the next.
  ///
  /// - Parameter level: the brackets that are open within the array of events.
  /// - Throws: The error itself if it is none that one event can have, if nothing may be skipped,
  ///   or if no further event comes.
  mutating func skipDamage(
    _ error: TraceIOError, _ scanner: inout JSONScanner, to level: JSONScanner.Level
  ) throws(ProfilerTraceError) {
    guard !options.isStrict, error.isDamageOfOneRecord else { throw .input(error) }
    coverage.recordsRead += 1
    coverage.reject(.syntax)
    if let offset = error.textOffset { coverage.noteDamage(at: offset) }
    do throws(TraceIOError) {
      guard try scanner.resume(at: level, names: Self.eventNames, members: Self.memberNames) else {
        throw error
      }
    } catch {
      throw .input(error)
    }
  }
}
