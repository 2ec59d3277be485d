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

// A prepared statement. Belongs to a SqliteDatabase, which must outlive it, and
// to whoever uses that at the moment: not thread-safe.
class SqliteStatement {
 public:
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  // Parameters count from 1. `bytes` must remain live until Reset.
  SqliteStatement& Bind(int parameter, absl::string_view bytes);
  SqliteStatement& Bind(int parameter, int64_t number);

  // True: there is a row. After false or an error, Reset is done.
  absl::StatusOr<bool> Step();
  // Steps to the end, past any rows.
  absl::Status Run();
  void Reset();

  // Columns count from 0, of the row that Step has reached.
  int64_t Number(int column) const;  // NULL is 0
  std::string Bytes(int column) const;

 private:
  sqlite3_stmt* const statement_;
};

// One connection. Errors: ResourceExhausted for a full disk, else Unavailable.
// Not thread-safe.
class SqliteDatabase {
 public:
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(
      const std::string& path);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  // Any number of statements, without their rows.
  absl::Status Execute(const char* sql);
  absl::StatusOr<std::unique_ptr<SqliteStatement>> Prepare(const char* sql);

  int64_t last_insert_id() const;
  // False also when SQLite has given the transaction up by itself.
  bool in_transaction() const;

 private:
  explicit SqliteDatabase(sqlite3* db) : db_(db) {}

  sqlite3* const db_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_SQLITE_H_
