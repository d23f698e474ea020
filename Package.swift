// swift-tools-version: 6.2
import PackageDescription

/// One set of rules for every Swift target of ours.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  .treatAllWarnings(as: .error),
  // Tests run with the checks; in a release they cost 4 % of an ingest.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// A module of ours. Its dependencies are the only modules it may import (a test compares).
func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil
) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

/// The tests of one module, in `Tests/<name>Tests`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, swiftSettings: settings)
}

/// A library of the system: module map and shim in `Sources/<name>`.
func library(_ name: String, _ pkgConfig: String, _ debianPackage: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([debianPackage])])
}

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "firebreak",
  products: [.executable(name: "firebreak", targets: ["firebreak"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
  ],
  targets: [
    library("CSQLite", "sqlite3", "libsqlite3-dev"),
    library("CZlib", "zlib", "zlib1g-dev"),
    library("CArchive", "libarchive", "libarchive-dev"),
    library("CISAL", "libisal", "libisal-dev"),
    library("CZstd", "libzstd", "libzstd-dev"),
    library("CPCRE2", "libpcre2-8", "libpcre2-dev"),
    library("CMosquitto", "libmosquitto", "libmosquitto-dev"),
    library("CCurl", "libcurl", "libcurl4-openssl-dev"),

    .target(name: "CByteClasses"),
    module("IncidentModel"),
    module(
      "LogFormats", ["IncidentModel", "CByteClasses", "CPCRE2"], resources: [.embedInCode("Definitions")]),
    module(
      "EvidenceIntake", ["IncidentModel", "LogFormats", "CByteClasses", "CArchive", "CISAL", "CZlib", crypto]),
    module("TimelineStore", ["IncidentModel", "CByteClasses", "CSQLite", "CZstd"]),
    module("CascadeAnalysis", ["IncidentModel"]),
    module("PlaybookModel", [crypto, cryptoExtras, yams]),
    module(
      "PlaybookRunner", ["PlaybookModel", "IncidentModel", "CMosquitto", "CCurl", crypto, subprocess]),
    module("PostmortemReport", ["IncidentModel", "CascadeAnalysis", "PlaybookModel"]),
    module(
      "TimelineWeb",
      ["IncidentModel", "CascadeAnalysis", "TimelineStore", "PostmortemReport", "ConsoleOutput"]),
    module("IncidentSimulation", ["IncidentModel", "CZlib"]),
    module("ConsoleOutput"),
    .executableTarget(
      name: "firebreak",
      dependencies: [
        "IncidentModel", "LogFormats", "EvidenceIntake", "TimelineStore", "CascadeAnalysis", "PlaybookModel",
        "PlaybookRunner", "PostmortemReport", "TimelineWeb", "IncidentSimulation", "ConsoleOutput", arguments,
        crypto,
      ],
      swiftSettings: settings),

    tests("IncidentModel"),
    tests("LogFormats", ["IncidentModel", "CByteClasses"]),
    tests("EvidenceIntake", ["IncidentModel", "LogFormats", "CArchive", "CZlib"]),
    tests("TimelineStore", ["IncidentModel", "CSQLite"]),
    tests("CascadeAnalysis", ["IncidentModel"]),
    tests("PlaybookModel", [crypto, cryptoExtras]),
    tests("PlaybookRunner", ["PlaybookModel", "IncidentModel", "CMosquitto"]),
    tests("PostmortemReport", ["IncidentModel", "CascadeAnalysis", "PlaybookModel"]),
    tests("TimelineWeb", ["IncidentModel", "TimelineStore", "CascadeAnalysis", "PostmortemReport"]),
    tests("IncidentSimulation", ["IncidentModel"]),
    tests("ConsoleOutput"),
    .testTarget(
      name: "firebreakTests",
      dependencies: [
        "firebreak", "IncidentModel", "CascadeAnalysis", "ConsoleOutput", "TimelineStore", arguments,
      ],
      swiftSettings: settings),
  ]
)
