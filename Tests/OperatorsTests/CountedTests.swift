import Operators
import Testing

@Suite struct CountedTests {
  @Test(arguments: [
    (0, "0 rows", "0 launches", "rows repeat another"),
    (1, "1 row", "1 launch", "row repeats another"),
    (2, "2 rows", "2 launches", "rows repeat another"),
  ])
  func `A noun and what agrees with it go with their count`(
    count: Int, regular: String, other: String, phrase: String
  ) {
    #expect(counted(count, "row") == regular)
    #expect(counted(count, "launch", "launches") == other)
    #expect(noun(of: count, "row repeats another", "rows repeat another") == phrase)
  }
}
