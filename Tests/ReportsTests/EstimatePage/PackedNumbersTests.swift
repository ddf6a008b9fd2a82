import Foundation
import Operators
import Testing

@testable import Reports

/// Reads packed numbers by their description, independently of what writes them.
func unpacked(_ text: String) throws -> [(value: Double, mark: Int)?] {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  let letters = Array(text)
  return try stride(from: 0, to: letters.count, by: 4).map { start in
    let part = letters[start..<start + 4]
    guard part.contains(where: { $0 != " " }) else { return nil }
    let code = try part.reduce(0) { code, letter in
      64 * code + (try #require(alphabet.firstIndex(of: letter)))
    }
    let (head, digits) = code.quotientAndRemainder(dividingBy: 100_000)
    return (Double(digits) * pow(10, Double(head % 16 - 8)), head / 16)
  }
}

@Suite("Packed numbers")
struct PackedNumbersTests {
  @Test("are what went in, to five digits, with its mark")
  func roundTrip() throws {
    var random = RandomStream(seed: 7, name: "packed")
    var values = [0.0001, 0.99999499, 0.999995, 1, 9.9999, 99_999.4, 99_999.6, 123_456_789, 9.9e11]
    for _ in 0..<2000 { values.append(pow(10, random.uniform() * 15.9 - 4)) }
    var packed = PackedNumbers()
    for (index, value) in values.enumerated() { packed.add(value, mark: index % 4) }
    #expect(packed.text.utf8.count == 4 * values.count)
    for (index, number) in try unpacked(packed.text).enumerated() {
      let number = try #require(number)
      #expect(abs(number.value / values[index] - 1) <= 5.001e-5, "\(values[index])")
      #expect(number.mark == index % 4)
    }
  }

  @Test("keep blanks between numbers and none behind them")
  func blanks() throws {
    var packed = PackedNumbers()
    let values: [Double?] = [nil, 1, nil, nil, 2, nil]
    for value in values { packed.add(value) }
    let read = try unpacked(packed.text)
    #expect(read.map { $0?.value } == [nil, 1, nil, nil, 2])
    #expect(PackedNumbers([]).text.isEmpty)
  }

  @Test(
    "take what is too small or too large for the end of their range",
    arguments: [
      (0.0, 0.0), (-1, 0), (.nan, 0), (1e-9, 0), (1e12, 9.9999e11), (.infinity, 9.9999e11),
    ])
  func extremes(value: Double, read: Double) throws {
    let number = try #require(try unpacked(PackedNumbers([value]).text)[0])
    #expect(abs(number.value - read) <= read * 1e-12)
    #expect(number.mark == 0)
  }
}
