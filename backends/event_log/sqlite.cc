#include "backends/event_log/sqlite.h"

#include <sqlite3.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

// How long to wait for another process's lock on the file.
constexpr int kBusyMilliseconds = 5000;

// Returns errno of the last failed operation. SQLite keeps it per file, and
// loses it for the connection if the commit fails.
int SystemErrorOf(sqlite3* db) {
  int error = sqlite3_system_errno(db);
  if (error != 0) return error;
  sqlite3_file* log = nullptr;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) ==
          SQLITE_OK &&
      log != nullptr && log->pMethods != nullptr &&
      log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error) ==
          SQLITE_OK &&
      error != 0) {
    return error;
  }
  (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &error);
  return error;
}

absl::Status ErrorOf(sqlite3* db) {
  // Read it first: further calls reset it.
  const std::string text = absl::StrCat("the event log: ", sqlite3_errmsg(db));
  const int code = sqlite3_errcode(db) & 0xff;
  const int error = code == SQLITE_IOERR ? SystemErrorOf(db) : 0;
  if (code == SQLITE_FULL ||
      (code == SQLITE_IOERR &&
       (error == ENOSPC || error == EDQUOT || error == EFBIG))) {
    return absl::ResourceExhaustedError(absl::StrCat(
        text, code == SQLITE_FULL ? "" : " (no space, a quota or a size limit)",
        "; nothing was stored"));
  }
  return absl::UnavailableError(text);
}

}  // namespace

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

SqliteStatement& SqliteStatement::Bind(int parameter, absl::string_view bytes) {
  // A null pointer would bind NULL.
  sqlite3_bind_blob64(statement_, parameter,
                      bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                      SQLITE_STATIC);
  return *this;
}

SqliteStatement& SqliteStatement::Bind(int parameter, int64_t number) {
  sqlite3_bind_int64(statement_, parameter, number);
  return *this;
}

absl::StatusOr<bool> SqliteStatement::Step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  absl::Status status;
  if (result != SQLITE_DONE) status = ErrorOf(sqlite3_db_handle(statement_));
  Reset();
  if (!status.ok()) return status;
  return false;
}

absl::Status SqliteStatement::Run() {
  while (true) {
    absl::StatusOr<bool> row = Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
  }
}

void SqliteStatement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

int64_t SqliteStatement::Number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string SqliteStatement::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (bytes == nullptr) return std::string();
  return std::string(static_cast<const char*>(bytes), size);
}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(
    const std::string& path) {
  sqlite3* db = nullptr;
  const int result = sqlite3_open_v2(
      path.c_str(), &db,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
      nullptr);
  if (db == nullptr) {
    return absl::ResourceExhaustedError("no memory to open the event log");
  }
  auto database = std::unique_ptr<SqliteDatabase>(new SqliteDatabase(db));
  if (result != SQLITE_OK) {
    absl::Status error = ErrorOf(db);
    return absl::Status(error.code(),
                        absl::StrCat(error.message(), " (", path, ")"));
  }
  sqlite3_busy_timeout(db, kBusyMilliseconds);
  return database;
}

SqliteDatabase::~SqliteDatabase() { sqlite3_close_v2(db_); }

absl::Status SqliteDatabase::Execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return ErrorOf(db_);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SqliteStatement>> SqliteDatabase::Prepare(
    const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK) {
    return ErrorOf(db_);
  }
  return std::make_unique<SqliteStatement>(statement);
}

int64_t SqliteDatabase::last_insert_id() const {
  return sqlite3_last_insert_rowid(db_);
}

bool SqliteDatabase::in_transaction() const {
  return sqlite3_get_autocommit(db_) == 0;
}

}  // namespace sse_bridge
