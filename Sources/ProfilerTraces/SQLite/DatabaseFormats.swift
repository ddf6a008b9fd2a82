import TraceIO

extension TraceFormat {
  /// Tells the format of an SQLite database by its tables.
  static func detect(
    database path: String, limits: InputLimits
  ) throws(ProfilerTraceError) -> TraceFormat {
    do throws(TraceIOError) {
      let database = try SQLiteInput(path: path, limits: limits)
      if NsightSystemsReader.recognises(database) { return .nsightSystems }
      if RocpdReader.recognises(database) { return .rocpd }
      if RPDReader.recognises(database) { return .rpd }
    } catch {
      throw .input(error)
    }
    throw .unknownFormat(path: path, found: "an SQLite database with other tables")
  }
}
