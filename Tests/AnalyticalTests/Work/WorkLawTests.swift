import Operators
import Testing

@testable import Analytical

/// The work by sizes that were looked up once against ``OperatorWork/init(_:at:)``.
@Suite struct WorkLawTests {
  @Test(arguments: OperatorKind.known)
  func `The work at a point is that of the operator`(kind: OperatorKind) throws {
    var random = SplitMix64(seed: UInt64(kind.rawValue.utf8.count))
    let names = kind.attributeNames.map { $0.all } ?? []
    for _ in 0..<40 {
      var attributes: [String: Int] = [:]
      for name in names where Int.random(in: 0..<4, using: &random) > 0 {
        attributes[name] = Int.random(in: 1...300, using: &random)
      }
      let type = [nil, DataType.bfloat16, .float4].randomElement(using: &random) ?? nil
      let op = Operator(kind, dataType: type, attributes)
      let law = WorkLaw(op)
      for _ in 0..<10 {
        func size() -> Int { Int.random(in: 0...5000, using: &random) }
        let point = AxisPoint(size(), size(), size(), size())
        guard let expected = OperatorWork(op, at: point) else {
          #expect(law == nil)
          continue
        }
        let found = try #require(law).work(at: point)
        for path in [\OperatorWork.flops, \.bytes, \.linkBytes] {
          #expect(
            abs(found[keyPath: path] - expected[keyPath: path]) <= 1e-12 * expected[keyPath: path])
        }
      }
    }
  }
}
