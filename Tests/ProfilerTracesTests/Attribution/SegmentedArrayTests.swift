import Testing

@testable import ProfilerTraces

@Suite("A segmented array")
struct SegmentedArrayTests {
  @Test("is an array in all but its memory", arguments: [0, 1, 8191, 8192, 8193, 50_000])
  func like(count: Int) {
    var ours = SegmentedArray<Int>()
    for value in 0..<count { ours.append(value * 7 % 1001) }
    var plain = (0..<count).map { $0 * 7 % 1001 }
    #expect(ours.count == count)
    #expect(ours.isEmpty == plain.isEmpty)
    #expect(Array(ours) == plain)
    guard count > 0 else { return }
    ours[count - 1] = -1
    ours[count / 2] = -2
    plain[count - 1] = -1
    plain[count / 2] = -2
    ours.sort()
    #expect(Array(ours) == plain.sorted())
  }
}
