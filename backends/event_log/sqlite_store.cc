#include "backends/event_log/sqlite_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

// How far a topic may exceed its limit before events are deleted, so that not
// every append to a full topic causes a deletion...
constexpr int64_t kMaxSurplusRows = 256;  // events
// ...and at most this part of the limit.
constexpr int64_t kSurplusRowsPart = 16;
// Number of appends between two checks for old events.
constexpr int64_t kAppendsPerTrim = 256;
// Maximum number of old events deleted at once.
constexpr int64_t kMaxTrimmed = 1024;
// Maximum number of topics whose event count is cached.
constexpr size_t kMaxCounted = 100'000;

// The file's PRAGMA user_version. Increase it if the tables change.
constexpr int64_t kLayout = 1;
// 0 for a new file, and for files from before layouts were numbered. Of these,
// files whose state has no time are no longer readable.
constexpr char kLayoutOfFile[] =
    "SELECT user_version, EXISTS("
    "  SELECT 1 FROM sqlite_schema WHERE name = 'state')"
    " AND NOT EXISTS("
    "  SELECT 1 FROM pragma_table_info('state') WHERE name = 'time')"
    " FROM pragma_user_version";

// synchronous=FULL syncs the log with each commit, so that a commit also
// survives power loss.
constexpr char kSetUp[] =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS events("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  topic BLOB NOT NULL, time INTEGER NOT NULL, payload BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS events_by_topic ON events(topic, id);"
    "CREATE TABLE IF NOT EXISTS state("
    "  key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL, time INTEGER)"
    "  WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS state_by_time ON state(time)"
    "  WHERE time IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS trimmed("
    "  topic BLOB PRIMARY KEY NOT NULL, id INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS trimmed_by_id ON trimmed(id);"
    "CREATE TABLE IF NOT EXISTS floor(id INTEGER NOT NULL);";

// Number of marks removed together if there are too many.
constexpr int64_t kForgottenAtOnce = 100;

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(
    const std::string& path, EventLog::Limits limits, absl::Time now) {
  absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
      SqliteDatabase::Open(path);
  if (!db.ok()) return db.status();
  auto store =
      std::unique_ptr<SqliteStore>(new SqliteStore(limits, *std::move(db)));
  if (absl::Status status = store->Prepare(now); !status.ok()) {
    return absl::Status(status.code(),
                        absl::StrCat(status.message(), " (", path, ")"));
  }
  return store;
}

absl::Status SqliteStore::CheckLayout() {
  absl::StatusOr<Statement> ask = db_->Prepare(kLayoutOfFile);
  if (!ask.ok()) return ask.status();
  absl::StatusOr<bool> row = (*ask)->Step();
  if (!row.ok()) return row.status();
  const int64_t layout = (*ask)->Number(0);
  const bool is_too_old = (*ask)->Number(1) != 0;
  if (layout == kLayout || (layout == 0 && !is_too_old)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the event log has layout ", layout, ", and this program reads layout ",
      kLayout, ": move it away, or use the version that wrote it"));
}

absl::Status SqliteStore::Prepare(absl::Time now) {
  MutexLock lock(&mu_);
  if (absl::Status status = CheckLayout(); !status.ok()) return status;
  if (absl::Status status = db_->Execute(kSetUp); !status.ok()) return status;
  // The table `floor` is empty only in a new file.
  const std::string begin = absl::StrCat(
      "BEGIN IMMEDIATE;"
      "PRAGMA user_version=",
      kLayout, ";INSERT INTO sqlite_sequence(name, seq) SELECT 'events', ",
      absl::ToUnixMicros(now),
      " WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence);"
      "INSERT INTO floor SELECT seq FROM sqlite_sequence"
      " WHERE NOT EXISTS (SELECT 1 FROM floor);"
      "COMMIT");
  if (absl::Status status = db_->Execute(begin.c_str()); !status.ok()) {
    return status;
  }
  const std::pair<Statement*, const char*> statements[] = {
      {&insert_, "INSERT INTO events(topic, time, payload) VALUES(?, ?, ?)"},
      {&count_, "SELECT COUNT(*) FROM events WHERE topic = ?"},
      {&trim_count_,
       "DELETE FROM events WHERE id IN"
       " (SELECT id FROM events WHERE topic = ? ORDER BY id LIMIT ?)"
       " RETURNING id"},
      {&trim_age_,
       "DELETE FROM events WHERE id IN"
       " (SELECT id FROM events ORDER BY id LIMIT ?) AND time < ?"
       " RETURNING topic, id"},
      {&trim_state_,
       "DELETE FROM state WHERE key IN"
       " (SELECT key FROM state WHERE time < ? LIMIT ?)"},
      {&put_,
       "INSERT OR REPLACE INTO state(key, value, time)"
       " VALUES(?, ?, NULLIF(?, 0))"},
      {&erase_, "DELETE FROM state WHERE key = ?"},
      {&read_,
       "SELECT id, payload FROM events WHERE topic = ? AND id > ?"
       " ORDER BY id LIMIT ?"},
      {&last_,
       "SELECT id, payload FROM events WHERE topic = ?"
       " ORDER BY id DESC LIMIT 1"},
      {&head_,
       "SELECT COALESCE((SELECT MAX(id) FROM events WHERE topic = ?),"
       " (SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"},
      {&oldest_, "SELECT MIN(id) FROM events WHERE topic = ?"},
      {&last_id_, "SELECT MAX(seq) FROM sqlite_sequence WHERE name = 'events'"},
      {&get_, "SELECT value FROM state WHERE key = ?"},
      {&mark_,
       "INSERT INTO trimmed(topic, id) VALUES(?, ?)"
       " ON CONFLICT(topic) DO UPDATE SET id = MAX(id, excluded.id)"},
      {&count_marks_, "SELECT COUNT(*) FROM trimmed"},
      {&raise_floor_,
       "UPDATE floor SET id = MAX(id, (SELECT MAX(id) FROM"
       " (SELECT id FROM trimmed ORDER BY id LIMIT ?)))"},
      {&forget_marks_,
       "DELETE FROM trimmed WHERE topic IN"
       " (SELECT topic FROM trimmed ORDER BY id LIMIT ?)"},
      {&marked_,
       "SELECT COALESCE((SELECT id FROM trimmed WHERE topic = ?),"
       " (SELECT id FROM floor))"},
  };
  for (const auto& [statement, sql] : statements) {
    absl::StatusOr<Statement> prepared = db_->Prepare(sql);
    if (!prepared.ok()) return prepared.status();
    *statement = *std::move(prepared);
  }
  return absl::OkStatus();
}

void SqliteStore::Apply(absl::Time now, std::vector<Write>* writes) {
  MutexLock lock(&mu_);
  absl::Status status = ApplyAll(now, writes);
  if (status.ok()) return;
  Forget();
  if (db_->in_transaction()) (void)db_->Execute("ROLLBACK");
  // Writes that were rejected keep their own status.
  for (Write& write : *writes) {
    if (write.status.ok()) write.status = status;
    write.id = 0;
  }
}

absl::Status SqliteStore::ApplyAll(absl::Time now, std::vector<Write>* writes) {
  absl::Status status = db_->Execute("BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  for (Write& write : *writes) {
    status = db_->Execute("SAVEPOINT one");
    if (!status.ok()) return status;
    write.status = ApplyOne(now, &write);
    if (!write.status.ok()) {
      write.id = 0;
      // After some errors SQLite has already rolled back.
      if (!db_->in_transaction()) return write.status;
      Forget();
      status = db_->Execute("ROLLBACK TO one");
      if (!status.ok()) return status;
    }
    status = db_->Execute("RELEASE one");
    if (!status.ok()) return status;
  }
  if (since_trim_ >= kAppendsPerTrim) {
    since_trim_ = 0;
    status = DeleteOld(now);
    if (!status.ok()) return status;
  }
  return db_->Execute("COMMIT");
}

absl::Status SqliteStore::ApplyOne(absl::Time now, Write* write) {
  absl::Status condition = CheckCondition(write->condition);
  if (!condition.ok()) return condition;
  if (!write->topic.empty()) {
    absl::Status status = insert_->Bind(1, write->topic)
                              .Bind(2, absl::ToUnixMillis(now))
                              .Bind(3, write->payload)
                              .Run();
    if (!status.ok()) return status;
    write->id = db_->last_insert_id();
    ++since_trim_;
    status = TrimByCount(write->topic);
    if (!status.ok()) return status;
  }
  for (const EventLog::Change& change : write->changes) {
    absl::Status status =
        change.erase
            ? erase_->Bind(1, change.key).Run()
            : put_->Bind(1, change.key)
                  .Bind(2, change.value)
                  .Bind(3, change.expires ? absl::ToUnixMillis(now) : 0)
                  .Run();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SqliteStore::CheckCondition(const EventLog::Condition& condition) {
  if (condition.key.empty()) return absl::OkStatus();
  absl::StatusOr<bool> present = get_->Bind(1, condition.key).Step();
  if (!present.ok()) return present.status();
  const std::string value = *present ? get_->Bytes(0) : std::string();
  get_->Reset();
  if (!condition.value.has_value()) {
    return *present ? absl::AlreadyExistsError("it already exists")
                    : absl::OkStatus();
  }
  if (!*present) return absl::NotFoundError("no such key");
  return value == *condition.value ? absl::OkStatus()
                                   : absl::FailedPreconditionError(value);
}

absl::Status SqliteStore::TrimByCount(const std::string& topic) {
  auto found = counts_.find(topic);
  if (found == counts_.end()) {
    count_->Bind(1, topic);
    absl::StatusOr<int64_t> count = OneNumber(count_.get());
    if (!count.ok()) return count.status();
    if (counts_.size() >= kMaxCounted) counts_.clear();
    found = counts_.emplace(topic, *count).first;
  } else {
    ++found->second;
  }
  const auto kept = static_cast<int64_t>(limits_.max_events_per_topic);
  const int64_t surplus = found->second - kept;
  if (surplus <= std::min(kMaxSurplusRows, kept / kSurplusRowsPart)) {
    return absl::OkStatus();
  }
  found->second = kept;
  trim_count_->Bind(1, topic).Bind(2, surplus);
  int64_t last = 0;
  while (true) {
    absl::StatusOr<bool> row = trim_count_->Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    last = std::max(last, trim_count_->Number(0));
  }
  return MarkTrimmed(topic, last);
}

absl::Status SqliteStore::MarkTrimmed(const std::string& topic, int64_t id) {
  absl::Status status = mark_->Bind(1, topic).Bind(2, id).Run();
  if (!status.ok()) return status;
  const auto kept = static_cast<int64_t>(limits_.max_trimmed_topics);
  // Upper bound: the mark may replace an old one.
  if (marks_ < 0 || ++marks_ > kept) {
    absl::StatusOr<int64_t> marks = OneNumber(count_marks_.get());
    if (!marks.ok()) return marks.status();
    marks_ = *marks;
  }
  if (marks_ <= kept) return absl::OkStatus();
  // Remove more than necessary, so that they are not counted on every trim.
  const int64_t gone =
      marks_ - kept + std::min(kForgottenAtOnce, kept / kSurplusRowsPart);
  marks_ -= gone;
  status = raise_floor_->Bind(1, gone).Run();
  if (!status.ok()) return status;
  return forget_marks_->Bind(1, gone).Run();
}

absl::Status SqliteStore::TrimByAge(absl::Time now) {
  MutexLock lock(&mu_);
  absl::Status status = db_->Execute("BEGIN IMMEDIATE");
  if (status.ok()) status = DeleteOld(now);
  if (status.ok()) status = db_->Execute("COMMIT");
  if (!status.ok()) {
    Forget();
    if (db_->in_transaction()) (void)db_->Execute("ROLLBACK");
  }
  return status;
}

absl::Status SqliteStore::DeleteOld(absl::Time now) {
  const int64_t oldest = absl::ToUnixMillis(now - limits_.max_age);
  absl::flat_hash_map<std::string, int64_t> deleted;
  // Ids are ordered by time across all topics, so the oldest come first.
  trim_age_->Bind(1, kMaxTrimmed).Bind(2, oldest);
  while (true) {
    absl::StatusOr<bool> row = trim_age_->Step();
    if (!row.ok()) return row.status();
    if (!*row) break;
    std::string topic = trim_age_->Bytes(0);
    auto count = counts_.find(topic);
    if (count != counts_.end() && --count->second <= 0) counts_.erase(count);
    int64_t& last = deleted[std::move(topic)];
    last = std::max(last, trim_age_->Number(1));
  }
  for (const auto& [topic, last] : deleted) {
    absl::Status status = MarkTrimmed(topic, last);
    if (!status.ok()) return status;
  }
  return trim_state_->Bind(1, oldest).Bind(2, kMaxTrimmed).Run();
}

void SqliteStore::Forget() {
  counts_.clear();
  marks_ = -1;
}

absl::StatusOr<int64_t> SqliteStore::OneNumber(SqliteStatement* statement) {
  absl::StatusOr<bool> row = statement->Step();
  if (!row.ok()) return row.status();
  const int64_t number = *row ? statement->Number(0) : 0;  // NULL is 0
  statement->Reset();
  return number;
}

absl::StatusOr<std::vector<SqliteStore::Event>> SqliteStore::Read(
    absl::string_view topic, int64_t after, size_t limit) {
  MutexLock lock(&mu_);
  read_->Bind(1, topic).Bind(2, after).Bind(3, static_cast<int64_t>(limit));
  std::vector<Event> events;
  while (true) {
    absl::StatusOr<bool> row = read_->Step();
    if (!row.ok()) return row.status();
    if (!*row) return events;
    events.push_back(Event{read_->Number(0), read_->Bytes(1)});
  }
}

absl::StatusOr<bool> SqliteStore::Misses(absl::string_view topic, int64_t id) {
  MutexLock lock(&mu_);
  marked_->Bind(1, topic);
  absl::StatusOr<int64_t> deleted = OneNumber(marked_.get());
  if (!deleted.ok()) return deleted.status();
  if (id >= *deleted) return false;
  // The oldest events of a topic are deleted first.
  oldest_->Bind(1, topic);
  absl::StatusOr<int64_t> oldest = OneNumber(oldest_.get());
  if (!oldest.ok()) return oldest.status();
  return *oldest == 0 || *oldest > id;
}

absl::StatusOr<SqliteStore::Event> SqliteStore::Last(absl::string_view topic) {
  MutexLock lock(&mu_);
  absl::StatusOr<bool> row = last_->Bind(1, topic).Step();
  if (!row.ok()) return row.status();
  if (!*row) return absl::NotFoundError("no such topic");
  Event event{last_->Number(0), last_->Bytes(1)};
  last_->Reset();
  return event;
}

absl::StatusOr<int64_t> SqliteStore::Head(absl::string_view topic) {
  MutexLock lock(&mu_);
  head_->Bind(1, topic);
  return OneNumber(head_.get());
}

absl::StatusOr<int64_t> SqliteStore::Oldest(absl::string_view topic) {
  MutexLock lock(&mu_);
  oldest_->Bind(1, topic);
  return OneNumber(oldest_.get());
}

absl::StatusOr<int64_t> SqliteStore::LastId() {
  MutexLock lock(&mu_);
  return OneNumber(last_id_.get());
}

absl::StatusOr<std::optional<std::string>> SqliteStore::Get(
    absl::string_view key) {
  MutexLock lock(&mu_);
  absl::StatusOr<bool> row = get_->Bind(1, key).Step();
  if (!row.ok()) return row.status();
  if (!*row) return std::nullopt;
  std::string value = get_->Bytes(0);
  get_->Reset();
  return value;
}

}  // namespace sse_bridge
