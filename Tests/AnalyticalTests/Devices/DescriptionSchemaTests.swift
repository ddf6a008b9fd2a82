import Analytical
import Catalogue
import Operators
import Testing
import TraceIO

/// Holds the readers of descriptions and their written contracts to each other.
@Suite struct DescriptionSchemaTests {
  @Test(arguments: [
    ("device", Catalogue.devices), ("platform", Catalogue.platforms),
    ("model-family", Catalogue.models),
  ])
  func `Every built-in file keeps to its schema`(kind: String, files: [Catalogue.File]) throws {
    let schema = try JSONSchema(file: "\(kind).schema.json")
    for file in files {
      let value = try JSONValue.read(bytes: file.bytes, name: file.name)
      #expect(schema.problems(in: value) == [], "\(file.name)")
    }
  }

  private static let device = """
    {"devices": [{"name": "x-1", "reported_names": ["X 1", "Y"], \
    "peak_tflops": {"fp32": 1, "bf16": 2.5, "fp8": 5}, "memory_gb_per_s": 100, "memory_gib": 80, \
    "link": {"name": "L", "gb_per_s": 10, "latency_us": 2, "devices": 8}, \
    "host_link_gb_per_s": 64, "power_watts": 700, "idle_watts": 70, "launch_floor_ns": 100, \
    "price_per_hour_usd": 2, "price_source": "p", "source": "s"}]}
    """

  private static let platform = """
    {"platforms": [{"name": "p-1", "device": "h100-sxm", "levels": [\
    {"name": "L", "devices": 8, "gb_per_s": 10, "latency_us": 2, "topology": "switch"}, \
    {"name": "M", "devices": 64, "gb_per_s": 1, "latency_us": 5, "topology": "torus"}], \
    "price_per_hour_usd": 2, "price_source": "p", "source": "s"}]}
    """

  private func readDevices(_ text: String) -> String? {
    refusal { _ = try Device.read(Array(text.utf8), name: "d.json") }
  }

  private func readPlatforms(_ text: String) -> String? {
    refusal {
      _ = try Platform.read(Array(text.utf8), name: "d.json", devices: Device.builtIns)
    }
  }

  /// Values of every type, and numbers and texts at and beyond every limit.
  private static let values: [String] =
    ["null", "true", "{}", "[]", "[1]", "[\"a\", \"a\"]", "[\"a\", \"b\"]", "{\"fp99\": 1}"]
    + [
      "-1", "0", "1", "2", "2.5", "8.0", "8", "1e-10", "1e-9", "1e999", "-0.0", "1048576",
      "1048577", "1000000", "1000001", "100000000", "100000001", "1e9", "1.1e9",
      "99999999999999999999",
    ]
    + [
      "\"\"", "\"a\"", "\"A\"", "\"-\"", "\"a-\"", "\"-a\"", "\"a--b\"", "\"a-b\"", "\"a b\"",
      "\"ä\"", "\"é9\"", "\"!\"", "\"h100-sxm\"", "\"ring\"", "\"Ring\"", "\"a\\n\"",
      "\"\(String(repeating: "a", count: 64))\"", "\"\(String(repeating: "a", count: 65))\"",
      "\"\(String(repeating: "a", count: 256))\"", "\"\(String(repeating: "a", count: 257))\"",
      "\"\(String(repeating: "e\u{301}", count: 128))\"",
      "\"\(String(repeating: "e\u{301}", count: 129))\"",
      "\"\(String(repeating: "a", count: 4096))\"", "\"\(String(repeating: "a", count: 4097))\"",
    ]

  /// The document with each field in turn left out, misspelt, and of every other value.
  private static func mutations(_ value: JSONValue) -> [(field: String, value: JSONValue)] {
    switch value {
    case .object(let members):
      var found: [(String, JSONValue)] = [("", .object(members + [.init("strange", .integer(1))]))]
      for (place, member) in members.enumerated() {
        func with(_ value: JSONValue?) -> JSONValue {
          var other = members
          if let value { other[place].value = value } else { other.remove(at: place) }
          return .object(other)
        }
        found.append((member.name, with(nil)))
        for text in values {
          let bytes = Array("[\(text)]".utf8)
          guard let other = try? JSONValue.read(bytes: bytes, name: "").items.first else {
            continue
          }
          found.append((member.name, with(other)))
        }
        found += mutations(member.value).map { ($0.field, with($0.value)) }
      }
      return found
    case .array(let items):
      guard let first = items.first else { return [] }
      return mutations(first).map { ($0.field, .array([$0.value] + items.dropFirst())) }
    default: return []
    }
  }

  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .boolean(let flag): "\(flag)"
    case .integer(let number): "\(number)"
    case .number(let number): number == .infinity ? "1e999" : "\(number)"
    case .string(let text): "\"\(text.replacing("\n", with: "\\n"))\""
    case .array(let items): "[\(items.map(Self.text).joined(separator: ","))]"
    case .object(let members):
      "{\(members.map { "\"\($0.name)\":\(Self.text($0.value))" }.joined(separator: ","))}"
    }
  }

  /// What only the reader knows: a device that is not there, levels out of order, more idle power
  /// than power.
  private static let beyondSchemas = [
    "is not known", "joins no more devices", "it idles at", "is that of device",
  ]

  @Test(arguments: ["device", "platform"])
  func `Schema and reader refuse the same files, the reader with one line that names the field`(
    kind: String
  ) throws {
    let schema = try JSONSchema(file: "\(kind).schema.json")
    let base = kind == "device" ? Self.device : Self.platform
    let document = try JSONValue.read(bytes: Array(base.utf8), name: "")
    let read = kind == "device" ? readDevices : readPlatforms
    #expect(schema.problems(in: document) == [])
    #expect(read(base) == nil)
    var counts = [0, 0]
    for (field, value) in Self.mutations(document) {
      let text = Self.text(value)
      let (problems, line) = (schema.problems(in: value), read(text))
      counts[line == nil ? 0 : 1] += 1
      guard let line else {
        #expect(problems == [], "the reader takes \(text)")
        continue
      }
      #expect(line.hasPrefix("d.json: cannot use this \(kind) file: ") && !line.contains("\n"))
      #expect(line.utf8.count < 1000)
      if Self.beyondSchemas.contains(where: line.contains) { continue }
      #expect(problems != [], "the schema takes \(text), the reader says: \(line)")
      #expect(line.contains(field), "\(line) does not name \(field)")
    }
    #expect(counts[0] > 50 && counts[1] > 300, "\(counts)")
  }

  @Test func `No device takes more while it does nothing`() {
    for (idle, isRefused) in [("0", false), ("700", false), ("700.5", true)] {
      let line = readDevices(
        Self.device.replacing("\"idle_watts\": 70", with: "\"idle_watts\": \(idle)"))
      #expect((line?.contains("it idles at 700.5 W, above its power") ?? false) == isRefused)
      #expect((line != nil) == isRefused)
    }
  }

  @Test(arguments: [
    (#"{"name": "x-2", "reported_names": ["X-1"]"#, "the name 'X-1' is that of device 'x-1' too"),
    (#"{"name": "y""#, "the name 'y' is that of device 'x-1' too"),
  ])
  func `No two devices of a file share a name`(other: String, reason: String) throws {
    let second = """
      \(other), "peak_tflops": {"bf16": 1}, "memory_gb_per_s": 1, "memory_gib": 1, "source": "s"}
      """
    let line = readDevices(Self.device.replacing("}]}", with: "}, \(second)]}"))
    #expect(line?.hasSuffix(reason) == true, "\(line ?? "accepted")")
  }

  @Test func `No two platforms of a file share a name, and levels grow`() throws {
    let one = Self.platform.dropFirst(15).dropLast(2)
    let line = readPlatforms("{\"platforms\": [\(one), \(one)]}")
    #expect(line?.contains("two platforms are called 'p-1'") == true, "\(line ?? "accepted")")
    let shrinking = readPlatforms(
      Self.platform.replacing("\"devices\": 64", with: "\"devices\": 8"))
    #expect(shrinking?.contains("'M' joins no more devices") == true)
  }

  @Test func `A device of a file has the file's figures in plain units`() throws {
    let device = try #require(try Device.read(Array(Self.device.utf8), name: "d.json").first)
    #expect(device.peakFlops == [.float32: 1e12, .bfloat16: 2.5e12, .float8: 5e12])
    #expect(device.memoryBandwidth == 100e9 && device.memoryBytes == 80 * 1_073_741_824)
    #expect(device.link?.bandwidth == 10e9 && isClose(device.link?.latency ?? 0, 2e-6))
    #expect(device.link?.devices == 8 && device.hostBandwidth == 64e9)
    #expect(device.power == 700 && device.idlePower == 70 && device.launchFloor == 100)
    #expect(device.pricePerHour == 2 && device.source == "s; price: p")
    let platform = try #require(
      try Platform.read(Array(Self.platform.utf8), name: "d.json", devices: Device.builtIns).first)
    #expect(platform.device.pricePerHour == 2.0 / 8)
    #expect(platform.levels.map(\.devices) == [8, 64] && platform.devices == 64)
    #expect(platform.levels[1].bandwidth == 1e9 && isClose(platform.levels[1].latency, 5e-6))
    #expect(platform.levels.map(\.topology) == [.switch, .torus])
  }
}
