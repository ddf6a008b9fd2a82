import Foundation
import TestSupport
import Testing
import TraceIO

@testable import ProfilerTraces

@Suite struct SourceTextTests {
  @Test func `A launch's place holds its event, also far into a compressed file`() throws {
    let folder = try TemporaryDirectory()
    var text = TraceText()
    for index in 0..<3000 {
      let start = index * 100
      text.op("aten::mm", "\(start)", "90", dims: "[[4,8],[8,16]]", types: "[\"float\",\"float\"]")
      text.launch("cudaLaunchKernel", "\(start + 1)", index + 1)
      text.kernel("gemm_number_\(index % 7)", "\(start + 5)", "3.\(index % 10)", index + 1)
    }
    let path = try folder.write(text.text, to: "trace.json")
    let trace = try #require(try TraceReader.read(path: path).first)
    let kernels = trace.groups.flatMap(\.kernels)
    #expect(kernels.count == 7)
    let places = kernels.flatMap { $0.events.suffix(3) }.map(\.place)
    let (texts, digest) = try SourceText.read(
      places + [.unknown, SourcePlace(offset: 4)], path: path)
    #expect(digest == trace.inputs[0].sha256)
    #expect(texts.count == places.count)
    for kernel in kernels {
      for event in kernel.events.suffix(3) {
        let bytes = try #require(texts[event.place])
        let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        #expect(object?["name"] as? String == kernel.name)
        #expect(object?["dur"] as? Double == Double(event.duration) / 1000)
      }
    }
  }

  @Test func `Places beyond the end or of impossible length give nothing`() throws {
    let folder = try TemporaryDirectory()
    let path = try folder.write("0123456789", to: "text")
    let places = [
      SourcePlace(offset: 9, length: 2), SourcePlace(offset: .max, length: .max),
      SourcePlace(offset: 2, length: 3), SourcePlace(offset: 4, length: 2),
      SourcePlace(offset: .min, length: 5), SourcePlace(offset: 3, length: -5),
    ]
    let texts = try SourceText.read(places, path: path).texts
    #expect(texts == [places[2]: Array("234".utf8), places[3]: Array("45".utf8)])
    #expect(throws: ProfilerTraceError.self) {
      _ = try SourceText.read(places, path: path + "-gone")
    }
  }
}
