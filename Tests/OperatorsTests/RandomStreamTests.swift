import Testing

@testable import Operators

@Suite("A stream of random numbers")
struct RandomStreamTests {
  @Test("is xoshiro256**, by the vector that its other implementations are tested with")
  func vector() {
    var stream = RandomStream(words: (1, 2, 3, 4))
    let expected: [UInt64] = [
      11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360,
      607_988_272_756_665_600, 16_172_922_978_634_559_625, 8_476_171_486_693_032_832,
      10_595_114_339_597_558_777, 2_904_607_092_377_533_576,
    ]
    #expect(expected.indices.map { _ in stream.next() } == expected)
  }

  @Test("is seeded by SplitMix64, by its published vector")
  func seed() {
    var source = SplitMix64(seed: 1_234_567)
    let expected: [UInt64] = [
      6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
      4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
    ]
    #expect(expected.indices.map { _ in source.next() } == expected)
  }

  @Test("differs by seed and by name, and is the same for the same")
  func names() {
    func first(_ seed: UInt64, _ name: String) -> UInt64 {
      var stream = RandomStream(seed: seed, name: name)
      return stream.next()
    }
    #expect(first(1, "gaps") == first(1, "gaps"))
    #expect(
      Set([first(1, "gaps"), first(2, "gaps"), first(1, "lengths"), first(1, "")]).count == 4)
  }

  @Test("is uniform between 0 and 1: moments, and neighbours that do not depend on each other")
  func uniform() {
    var stream = RandomStream(seed: 3, name: "uniform")
    let count = 20_000
    let values = (0..<count).map { _ in stream.uniform() }
    #expect(values.allSatisfy { $0 > 0 && $0 < 1 })
    let centred = values.map { $0 - 0.5 }
    // Deviations of a mean: of x - 1/2, 1/12; of its square, 1/80 - 1/144; of products, 1/144.
    func check(_ sum: Double, _ expected: Double, _ variance: Double) {
      #expect(abs(sum / Double(count) - expected) < 5 * (variance / Double(count)).squareRoot())
    }
    check(centred.reduce(0, +), 0, 1.0 / 12)
    check(centred.reduce(0) { $0 + $1 * $1 }, 1.0 / 12, 1.0 / 180)
    check(zip(centred, centred.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }, 0, 1.0 / 144)
  }
}
