// swift-tools-version: 6.2
import PackageDescription

// Apart from the main package, so that it builds without a fuzzer: see tools/fuzz.
let package = Package(
  name: "fuzz",
  dependencies: [.package(name: "reprise", path: "..")],
  targets: [
    .executableTarget(
      name: "fuzz",
      dependencies: [.product(name: "RepriseReaders", package: "reprise")],
      swiftSettings: [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
      ]),
  ]
)
