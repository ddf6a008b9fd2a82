// swift-tools-version: 6.2
import PackageDescription

/// One list of settings for every target of ours.
let sharedSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")

/// A room of the library, and what it may import: only rooms above it in this list
/// (docs/ARCHITECTURE.md says why).
struct Room {
  var name: String
  var rooms: [String] = []
  var libraries: [Target.Dependency] = []
  /// Data that is part of the program.
  var resources: [Resource] = []
  /// What only its tests need.
  var testLibraries: [Target.Dependency] = []
  /// Whether it computes so much that its tests are many times faster where debug builds optimise it, too.
  var computes = false

  var settings: [SwiftSetting] {
    computes
      ? sharedSettings + [.unsafeFlags(["-O"], .when(configuration: .debug))] : sharedSettings
  }
}

let rooms = [
  Room(
    name: "TraceIO", libraries: ["CZlib", "CDeflate", "CZstd", "CCrypto", "CSQLite"],
    testLibraries: ["Operators"], computes: true),
  Room(name: "Operators", computes: true),
  Room(
    name: "Analytical", rooms: ["TraceIO", "Operators"], libraries: ["Catalogue"], computes: true),
  Room(
    name: "ProfilerTraces", rooms: ["TraceIO", "Operators", "Analytical"],
    testLibraries: ["CSQLite"], computes: true),
  Room(
    name: "OperatorStore", rooms: ["TraceIO", "Operators", "ProfilerTraces"],
    libraries: [grdb, sqlite],
    // A link to the file in TraceSchemas.
    resources: [.embedInCode("operator-latency.sql")]),
  Room(name: "CostModel", rooms: ["Operators", "OperatorStore", "Analytical"], computes: true),
  Room(name: "RequestLogs", rooms: ["TraceIO", "Operators"], libraries: [heap], computes: true),
  Room(
    name: "Scenarios", rooms: ["Operators", "Analytical", "RequestLogs"], libraries: [yams]),
  Room(name: "Network", rooms: ["Operators"], computes: true),
  Room(
    name: "Replay",
    rooms: [
      "Operators", "OperatorStore", "Analytical", "CostModel", "RequestLogs", "Scenarios",
      "Network",
    ],
    libraries: [heap, histogram], computes: true),
  Room(name: "Validation", rooms: ["Operators", "CostModel", "RequestLogs", "Replay"]),
  Room(
    name: "Search",
    rooms: [
      "Operators", "OperatorStore", "Analytical", "CostModel", "RequestLogs", "Scenarios", "Replay",
      "Validation",
    ]),
  Room(
    name: "Calibration",
    rooms: [
      "Operators", "ProfilerTraces", "OperatorStore", "Analytical", "CostModel", "RequestLogs",
      "Scenarios", "Replay", "Validation",
    ], computes: true),
  Room(
    name: "Reports",
    rooms: [
      "TraceIO", "Operators", "Analytical", "ProfilerTraces", "OperatorStore", "CostModel",
      "RequestLogs", "Scenarios", "Replay", "Validation", "Search", "Calibration",
    ], libraries: [heap, histogram, "PageAssets"], testLibraries: ["CZlib"]),
  Room(name: "Sweeps", rooms: ["TraceIO", "Scenarios", "Reports"], libraries: [yams]),
]

/// The library, and each of its rooms: who names the library alone is not compiled anew where a room's types change their
/// layout, and crashes.
let whole = [Target.Dependency.target(name: "Reprise")] + rooms.map { .target(name: $0.name) }

let package = Package(
  name: "reprise",
  products: [
    .library(name: "Reprise", targets: ["Reprise"]),
    // What reads files, alone: fuzzing builds it with coverage and without the rest.
    .library(
      name: "RepriseReaders",
      targets: ["TraceIO", "Operators", "Analytical", "ProfilerTraces", "RequestLogs", "Scenarios"]),
    .executable(name: "reprise", targets: ["RepriseCommand"]),
  ],
  // Exact, so that one version of Reprise gives one result everywhere.
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", exact: "0.2.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    // Data that is part of the program, so that the command is one file wherever it is copied.
    .target(name: "EmbeddedFiles"),
    .target(
      name: "Catalogue", dependencies: ["EmbeddedFiles"],
      exclude: ["Models", "Devices", "Platforms"], swiftSettings: sharedSettings),
    // Scripts and styles of reports, which are one file too.
    .target(
      name: "PageAssets", dependencies: ["EmbeddedFiles"],
      exclude: ["LICENSE-uPlot.txt", "Files"], swiftSettings: sharedSettings),
  ]
    + rooms.map { room in
      .target(
        name: room.name, dependencies: room.rooms.map { .target(name: $0) } + room.libraries,
        resources: room.resources, swiftSettings: room.settings)
    }
    // Programs that use the library, a file each; docs/library.md tells of them.
    + ["PredictOperator", "ReplayLog", "ChooseBatchSize"].map { name in
      .executableTarget(
        name: name, dependencies: whole, path: "docs/examples/library/\(name)",
        swiftSettings: sharedSettings)
    }
    + [
      .target(
        name: "Reprise", dependencies: rooms.map { .target(name: $0.name) },
        swiftSettings: sharedSettings),
      .executableTarget(
        name: "RepriseCommand", dependencies: whole + [argumentParser, heap],
        swiftSettings: sharedSettings),
    ]
    + rooms.map { room in
      .testTarget(
        name: room.name + "Tests",
        dependencies: ([room.name, "TestSupport"] + room.rooms).map { .target(name: $0) }
          + room.libraries + room.testLibraries,
        swiftSettings: sharedSettings)
    }
    + [
      // What tests of several rooms use.
      .target(
        name: "TestSupport", dependencies: ["Operators"], path: "Tests/TestSupport",
        swiftSettings: sharedSettings),
      // The whole, and the command run as a process.
      .testTarget(
        name: "RepriseTests",
        dependencies: whole + [
          "RepriseCommand", "PredictOperator", "ReplayLog", "ChooseBatchSize", "TestSupport",
        ], swiftSettings: sharedSettings),
    ]
)
