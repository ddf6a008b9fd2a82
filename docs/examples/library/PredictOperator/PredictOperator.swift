// Imports a profiler trace and a sweep into a database, and predicts an operator that neither measured.
//
//     swift run PredictOperator SampleTraces/amd-epyc-1thread
import Foundation
import Reprise

@main
struct PredictOperator {
  static func main() throws {
    let folder = CommandLine.arguments.dropFirst().first ?? "SampleTraces/amd-epyc-1thread"
    let database = FileManager.default.temporaryDirectory
      .appending(path: "predict-\(UUID().uuidString).sqlite")
    defer { try? FileManager.default.removeItem(at: database) }

    // Every import is one transaction; the same bytes twice change nothing.
    let store = try OperatorStore(path: database.path, mode: .readWrite)
    for name in ["trace.pt.trace.json.gz", "samples.jsonl.zst"] {
      for trace in try TraceReader.read(path: folder + "/" + name) {
        _ = try store.add(trace, device: "cpu-epyc-1thread")
      }
    }

    guard let device = Device.builtIn(named: "cpu-epyc-1thread") else { return }
    let gemm = Operator(.gemm, dataType: .float32, ["n": 1536, "k": 512])
    let known = try store.evidence(for: [gemm], on: device)
    let model = CostModel(curves: known.curves, on: device, relatives: known.relatives)
    for tokens in [3, 100, 500] {
      guard let found = model.predict(gemm, at: AxisPoint(tokens), explains: true) else { continue }
      let interval = found.interval90
      print("\(tokens) tokens: \(microseconds(found.nanoseconds)), \(found.evidence)")
      print("  90 %: \(microseconds(interval.lowerBound)) to \(microseconds(interval.upperBound))")
      if let nearest = found.support.first {
        print("  rests most on \(nearest.point[0]) tokens, \(microseconds(nearest.nanoseconds))")
      }
    }
  }

  static func microseconds(_ nanoseconds: Double) -> String {
    "\(Int((nanoseconds / 1000).rounded())) µs"
  }
}
