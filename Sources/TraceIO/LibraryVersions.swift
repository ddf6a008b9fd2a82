import CDeflate
import CSQLite
import CZlib
import CZstd

/// The C libraries that reading and writing rest on, and the versions that run.
public func libraryVersions() -> [(name: String, version: String)] {
  [
    ("zlib", String(cString: zlibVersion())),
    ("libdeflate", LIBDEFLATE_VERSION_STRING),
    ("zstd", String(cString: ZSTD_versionString())),
    ("SQLite", String(cString: sqlite3_libversion())),
  ]
}
