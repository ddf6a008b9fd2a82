import TraceIO

/// What an export of Nsight Systems says about the run, without what is private.
struct NsightSystemsFacts {
  /// The facts that are kept.
  var kept: [String: String] = [:]
  /// The start of the session in nanoseconds since the epoch, which all times count from; else 0.
  private(set) var epoch: Int64 = 0
  /// The devices' numbers for CUDA, and their names.
  private var devices: [(id: Int64, name: String)] = []

  /// The names that are kept of each table, and what they are called here. The tables also hold the
  /// host, the user, the environment and command lines.
  private static let names: [(table: String, names: [String: String])] = [
    (
      "META_DATA_EXPORT",
      ["EXPORT_SCHEMA_VERSION": "nsys_schema_version", "EXPORT_PRODUCT_VERSION": "nsys_version"]
    ),
    (
      "EXPORT_META_DATA",
      ["EXPORT_SCHEMA_VERSION": "nsys_schema_version", "EXPORT_PRODUCT_VERSION": "nsys_version"]
    ),
    ("META_DATA_CAPTURE", ["CUDA_GRAPH_TRACE_OPTIONS:MODE": "cuda_graph_trace"]),
    (
      "TARGET_INFO_SYSTEM_ENV",
      ["CudaDriverVersion": "cuda_driver_version", "NvDriverVersion": "driver_version"]
    ),
  ]

  mutating func read(_ database: borrowing SQLiteInput) throws(TraceIOError) {
    for (table, names) in Self.names {
      var rows = try database.rows(of: table, ["name", "value"])
      while try rows.next() {
        guard let name = rows.text(0).flatMap({ names[$0] }) else { continue }
        kept[name] = (rows.text(1) ?? rows.integer(1).map { String($0) })?.asFact
      }
    }
    var sessions = try database.rows(of: "TARGET_INFO_SESSION_START_TIME", ["utcEpochNs"])
    if try sessions.next(), let start = sessions.integer(0), start > 0 { epoch = start }
    var gpus = try database.rows(of: "TARGET_INFO_GPU", ["id", "cuDevice", "name"])
    while try gpus.next(), devices.count < 1024 {
      guard let id = gpus.integer(1) ?? gpus.integer(0), let name = gpus.text(2)?.asFact else {
        continue
      }
      devices.append((id, name))
    }
  }

  /// The name of the device with this number, else of the first.
  func deviceName(_ id: Int64?) -> String? {
    (devices.first { $0.id == id } ?? devices.first)?.name
  }

  /// The version of CUDA that the driver speaks.
  var driver: String? {
    guard let version = kept["cuda_driver_version"].flatMap({ Int($0) }), version > 0 else {
      return nil
    }
    return "CUDA driver \(version / 1000).\(version % 1000 / 10)"
  }
}
