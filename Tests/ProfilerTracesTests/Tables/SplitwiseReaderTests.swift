import Operators
import TestSupport
import Testing

@testable import ProfilerTraces

@Suite struct SplitwiseReaderTests {
  static let header = """
    model,hardware,prompt_size,batch_size,token_size,peak_power,average_power,prompt_time,token_time,e2e_time,tensor_parallel

    """

  @Test func `a run is two steps with their batches`() throws {
    let directory = try TemporaryDirectory()
    let text =
      Self.header + """
        m,gpu,512,3,129,1,1,100.5,2,356.5,4
        m,gpu,512,3,129,1,1,100.5,2,200,4
        m,gpu2,512,1,2,1,1,10,1,11,4
        m,gpu,512,1,128,1,1,10,-1,11,2
        m,gpu,0,1,128,1,1,10,1,11,2
        m,gpu,16777216,65536,128,1,1,10,1,11,2
        """
    let path = try directory.write(text + "\n", to: "x")
    #expect(try TraceFormat.detect(path: path) == .splitwise)
    let traces = try TraceReader.read(path: path)
    #expect(traces.map(\.deviceName) == ["gpu", "gpu2", "gpu"])
    #expect(traces.map(\.part) == ["gpu m tp4", "gpu2 m tp4", "gpu m tp2"])
    #expect(traces[2].facts == ["model": "m", "tensor_parallel": "2"])
    let steps = traces[0].measuredSteps
    #expect(steps.map(\.duration) == [100_500_000, 2_000_000, 100_500_000].map { Nanoseconds($0) })
    // The second run ended after 50 of its tokens: where its contexts stood is not known.
    #expect(traces[0].coverage.rejected(.unknownContext) == 1)
    var prompts = StepShape()
    var tokens = StepShape()
    for _ in 0..<3 {
      prompts.addPrefill(tokens: 512, past: 0, samples: true)
      // The mean of 513 to 640.
      tokens.addDecode(context: 576)
    }
    #expect(steps[0].shape == prompts)
    #expect(steps[1].shape == tokens)
    #expect(traces[2].measuredSteps.count == 1)
    #expect(traces[2].coverage.rejected(.negativeDuration) == 1)
    #expect(traces[0].coverage.rejected(.badValue) == 4)
  }

  /// By Python's `decimal`; of the tokens where
  /// `abs((e2e - prompt) / token - (token_size - 1)) <= 0.02 * token_size`:
  ///
  ///     p = OrderedDict(); a = p.setdefault((x["hardware"], x["model"], x["tensor_parallel"]), ...)
  @Test(
    "the published table gives the steps of twelve set-ups",
    .needsSharedData)
  func published() throws {
    let path = SharedData.path("operator-tables/splitwise/perf_model.csv")
    let traces = try TraceReader.read(path: path)
    #expect(traces.count == 12)
    #expect(traces[0].part == "a100-80gb llama2-70b tp2")
    #expect(
      traces.map(\.measuredSteps.count)
        == [74, 79, 81, 81, 79, 83, 91, 85, 55, 52, 54, 55].map {
          105 + $0
        })
    func milliseconds(_ isPrompt: Bool) -> Double {
      traces.flatMap(\.measuredSteps).filter { ($0.shape.prefillTokens > 0) == isPrompt }
        .reduce(0) { $0 + $1.duration.milliseconds }
    }
    // Each step is rounded to a nanosecond.
    #expect(abs(milliseconds(true) - 922_543.136776) < 1e-3)
    #expect(abs(milliseconds(false) - 35_585.928307) < 1e-3)
  }
}
