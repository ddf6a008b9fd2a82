import TraceIO

/// Runs `body`, whose errors are those of the input.
func input<Result: ~Copyable>(
  _ body: () throws(TraceIOError) -> Result
) throws(ProfilerTraceError) -> Result {
  do throws(TraceIOError) {
    return try body()
  } catch {
    throw .input(error)
  }
}
