import Testing
import TraceIO

@Suite struct LineReaderTests {
  @Test func `lines end with LF, CR LF or the text`() throws {
    let text = "\u{FEFF}first\r\n\nthird\nlast"
    var reader = LineReader(try ByteSource(bytes: Array(text.utf8)))
    var lines: [String] = []
    while try reader.next() { lines.append("\(reader.lineNumber):\(reader.string())") }
    #expect(lines == ["1:first", "2:", "3:third", "4:last"])
    #expect(try reader.next() == false)
  }

  @Test func `long lines cross the window, and too long ones are refused`() throws {
    let long = String(repeating: "x", count: 1_000_000)
    var reader = LineReader(try ByteSource(bytes: Array("a\n\(long)\nb\n".utf8)))
    #expect(try reader.next() == true)
    #expect(try reader.next() == true)
    #expect(reader.lineLength == 1_000_000)
    #expect(try reader.next() == true)
    #expect(reader.string() == "b")
    #expect(try reader.next() == false)
    let error = #expect(throws: TraceIOError.self) {
      var short = LineReader(try ByteSource(bytes: Array("a\n\(long)\n".utf8)), maximumLine: 1000)
      while try short.next() {}
    }
    #expect(error?.position == .line(2))
  }

  @Test func `a damaged record costs only itself`() throws {
    let text = "{\"a\":1}\n\n{\"a\":}\n{\"a\" 2}\n{\"a\":3"
    var records = try JSONLineReader(ByteSource(bytes: Array(text.utf8)))
    var results: [String] = []
    while try records.next() {
      do throws(TraceIOError) {
        _ = try records.scanner.next()
        _ = try records.scanner.next()
        let token = try records.scanner.next()
        results.append("\(token) \(records.scanner.integer() ?? -1)")
        while try records.scanner.next() != .end {}
      } catch {
        results.append("\(error.reason) \(error.position)")
      }
    }
    #expect(
      results == [
        "number 1", "invalidLiteral -1", "syntax line(4)", "number 3", "truncatedDocument line(5)",
      ])
  }

  @Test func `rows are split with quotes, and columns found by name`() throws {
    let text = "name, Tokens ,us\na,1,2.5\n\"b, \"\"c\"\"\",2,\"1\n2\"\n\nshort\n"
    var table = try CSVReader(ByteSource(bytes: Array(text.utf8)))
    #expect(table.header == ["name", "Tokens", "us"])
    #expect(table.column("tokens") == 1)
    #expect(table.column("none") == nil)
    #expect(try table.next() == true)
    #expect(table.fixedPoint(2, decimals: 3) == .exact(2500))
    #expect(table.integer(1) == 1)
    #expect(table.double(2) == 2.5)
    #expect(try table.next() == true)
    #expect(table.field(0) == "b, \"c\"")
    #expect(table.field(2) == "1\n2")
    #expect(try table.next() == true)
    #expect(table.fieldCount == 1)
    #expect(table.rowLine == 6)
    #expect(table.field(7) == "")
    #expect(try table.next() == false)
    let error = #expect(throws: TraceIOError.self) {
      var open = try CSVReader(ByteSource(bytes: Array("a\n\"b\n".utf8)))
      while try open.next() {}
    }
    #expect(error?.reason == .unclosedQuote)
  }

  @Test func `lines before the header are skipped`() throws {
    let text = "a tool's \"output\n\nname,us\nx,1\n"
    var table = try CSVReader(
      ByteSource(bytes: Array(text.utf8)), headerWhere: { $0.hasPrefix("name") })
    #expect(table.header == ["name", "us"])
    #expect(try table.next())
    #expect(table.rowLine == 4)
    #expect(table.integer(1) == 1)
    var none = try CSVReader(ByteSource(bytes: Array(text.utf8)), headerWhere: { _ in false })
    #expect(none.header.isEmpty)
    #expect(try !none.next())
  }

  @Test func `strings are numbered by first appearance`() {
    var table = ByteStringTable(capacity: 3000)
    #expect(table.intern("b") == 0)
    #expect(table.intern("") == 1)
    #expect(table.intern("b") == 0)
    for index in 0..<2998 { #expect(table.intern("name \(index)") == Int32(index + 2)) }
    #expect(table.intern("one more") == nil)
    #expect(table.intern("name 17") == 19)
    #expect(table[19] == "name 17")
    #expect(table[-1] == "")
    var small = ByteStringTable(maximumBytes: 4)
    #expect(small.intern("four") == 0)
    #expect(small.intern("5") == nil)
    #expect(small.intern("four") == 0)
  }

  @Test func `a table without a header takes the names that it is given`() throws {
    var table = CSVReader(try ByteSource(bytes: Array("1,2\n3,4\n".utf8)), header: ["a", "b"])
    var sum: Int64 = 0
    while try table.next() { sum += table.column("B").flatMap { table.integer($0) } ?? 0 }
    #expect(sum == 6)
  }
}
