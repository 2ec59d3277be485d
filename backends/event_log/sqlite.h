#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_SQLITE_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_SQLITE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sse_bridge {

// A prepared statement. Its SqliteDatabase must outlive it. Not thread-safe:
// use only while using the database.
class SqliteStatement {
 public:
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  // Parameters are numbered from 1. `bytes` must stay valid until Reset.
  SqliteStatement& Bind(int parameter, absl::string_view bytes);
  SqliteStatement& Bind(int parameter, int64_t number);

  // Returns whether there is a row. After false or an error, the statement is
  // reset.
  absl::StatusOr<bool> Step();
  // Steps to the end and ignores rows.
  absl::Status Run();
  void Reset();

  // Columns are numbered from 0, in the row that Step has reached.
  int64_t Number(int column) const;  // NULL is 0
  std::string Bytes(int column) const;

 private:
  sqlite3_stmt* const statement_;
};

// One connection. Not thread-safe. Errors are kResourceExhausted for a full
// disk, otherwise kUnavailable.
class SqliteDatabase {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(
      const std::string& path);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  // Runs any number of statements and ignores their rows.
  absl::Status Execute(const char* sql);
  absl::StatusOr<std::unique_ptr<SqliteStatement>> Prepare(const char* sql);

  int64_t last_insert_id() const;
  // Returns false also if SQLite itself has rolled back the transaction.
  bool in_transaction() const;

 private:
  explicit SqliteDatabase(sqlite3* db) : db_(db) {}

  sqlite3* const db_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_SQLITE_H_
