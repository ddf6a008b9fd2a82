internal import GRDB
private import GRDBSQLite

extension Database {
  /// Throws what went wrong, where a call of SQLite says that something did.
  func check(_ code: Int32) throws {
    guard code != SQLITE_OK else { return }
    throw DatabaseError(
      resultCode: ResultCode(rawValue: code),
      message: String(cString: sqlite3_errmsg(sqliteConnection)))
  }
}
