#include "backends/event_log/sqlite_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

// A topic may have this many events too many before some are deleted, so that
// not each append to a full topic costs a deletion...
constexpr int64_t kMaxSurplus = 256;  // events
// ...and at most this part of its limit.
constexpr int64_t kSurplusPart = 16;
// Appends between two looks at the age of the oldest events.
constexpr int64_t kAppendsPerTrim = 256;
// Events deleted for their age at once.
constexpr int64_t kMaxTrimmed = 1024;
// Topics whose number of events is kept in memory.
constexpr size_t kMaxCounted = 100'000;

// synchronous=FULL: the log is synced with each commit, so that a commit
// survives the loss of power too.
constexpr char kSetUp[] =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "CREATE TABLE IF NOT EXISTS events("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  topic BLOB NOT NULL, time INTEGER NOT NULL, payload BLOB NOT NULL);"
    "CREATE INDEX IF NOT EXISTS events_by_topic ON events(topic, id);"
    "CREATE TABLE IF NOT EXISTS state("
    "  key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;";

// The first string that is greater than all that begin with `prefix`; empty
// when there is none.
std::string PrefixEnd(absl::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) {
    end.pop_back();
  }
  if (!end.empty()) ++end.back();
  return end;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(
    const std::string& path, EventLog::Limits limits) {
  absl::StatusOr<std::unique_ptr<SqliteDatabase>> db =
      SqliteDatabase::Open(path);
  if (!db.ok()) return db.status();
  auto store =
      std::unique_ptr<SqliteStore>(new SqliteStore(limits, *std::move(db)));
  if (absl::Status status = store->Prepare(); !status.ok()) return status;
  return store;
}

absl::Status SqliteStore::Prepare() {
  MutexLock lock(&mu_);
  if (absl::Status status = db_->Execute(kSetUp); !status.ok()) return status;
  const std::pair<Statement*, const char*> statements[] = {
      {&insert_, "INSERT INTO events(topic, time, payload) VALUES(?, ?, ?)"},
      {&count_, "SELECT COUNT(*) FROM events WHERE topic = ?"},
      {&trim_count_,
       "DELETE FROM events WHERE id IN"
       " (SELECT id FROM events WHERE topic = ? ORDER BY id LIMIT ?)"},
      {&trim_age_,
       "DELETE FROM events WHERE id IN"
       " (SELECT id FROM events ORDER BY id LIMIT ?) AND time < ?"
       " RETURNING topic"},
      {&put_, "INSERT OR REPLACE INTO state(key, value) VALUES(?, ?)"},
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
      {&list_,
       "SELECT key, value FROM state WHERE key >= ? AND key < ? ORDER BY key"},
      {&list_from_, "SELECT key, value FROM state WHERE key >= ? ORDER BY key"},
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
  counts_.clear();
  if (db_->in_transaction()) (void)db_->Execute("ROLLBACK");
  // Those that were refused on their own account keep their reason.
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
      // After some errors SQLite has rolled back all by itself.
      if (!db_->in_transaction()) return write.status;
      counts_.clear();
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
  if (!write->require_absent.empty()) {
    absl::StatusOr<bool> present = get_->Bind(1, write->require_absent).Step();
    get_->Reset();
    if (!present.ok()) return present.status();
    if (*present) return absl::AlreadyExistsError("it exists already");
  }
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
        change.erase ? erase_->Bind(1, change.key).Run()
                     : put_->Bind(1, change.key).Bind(2, change.value).Run();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
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
  if (surplus <= std::min(kMaxSurplus, kept / kSurplusPart)) {
    return absl::OkStatus();
  }
  found->second = kept;
  return trim_count_->Bind(1, topic).Bind(2, surplus).Run();
}

absl::Status SqliteStore::TrimByAge(absl::Time now) {
  MutexLock lock(&mu_);
  absl::Status status = DeleteOld(now);
  if (!status.ok()) counts_.clear();
  return status;
}

absl::Status SqliteStore::DeleteOld(absl::Time now) {
  // Ids are in the order of time over all topics: the oldest are the first.
  trim_age_->Bind(1, kMaxTrimmed)
      .Bind(2, absl::ToUnixMillis(now - limits_.max_age));
  while (true) {
    absl::StatusOr<bool> row = trim_age_->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    auto count = counts_.find(trim_age_->Bytes(0));
    if (count != counts_.end() && --count->second <= 0) counts_.erase(count);
  }
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

absl::StatusOr<std::string> SqliteStore::Get(absl::string_view key) {
  MutexLock lock(&mu_);
  absl::StatusOr<bool> row = get_->Bind(1, key).Step();
  if (!row.ok()) return row.status();
  if (!*row) return absl::NotFoundError("no such key");
  std::string value = get_->Bytes(0);
  get_->Reset();
  return value;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>>
SqliteStore::List(absl::string_view prefix) {
  const std::string end = PrefixEnd(prefix);
  MutexLock lock(&mu_);
  SqliteStatement* statement = end.empty() ? list_from_.get() : list_.get();
  statement->Bind(1, prefix);
  if (!end.empty()) statement->Bind(2, end);
  std::vector<std::pair<std::string, std::string>> entries;
  while (true) {
    absl::StatusOr<bool> row = statement->Step();
    if (!row.ok()) return row.status();
    if (!*row) return entries;
    entries.emplace_back(statement->Bytes(0), statement->Bytes(1));
  }
}

}  // namespace sse_bridge
