#include "backends/event_log/sqlite_event_log.h"

#include <algorithm>
#include <chrono>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "spdlog/spdlog.h"

namespace sse_bridge {
namespace {

// Appends in one transaction.
constexpr size_t kMaxBatch = 1024;
// Appends that wait for the disk; more are refused.
constexpr size_t kMaxWaiting = 100'000;
constexpr size_t kMaxWaitingBytes = 64 << 20;
// Callbacks that wait; more broadcasts are dropped.
constexpr size_t kMaxNotices = 10'000;
// Between two looks for old events when nothing is appended.
constexpr std::chrono::seconds kIdleTrim(60);
// Digits of the greatest id.
constexpr size_t kMaxDigits = 19;
// Bytes of a wrong cursor that an error repeats.
constexpr size_t kMaxNamed = 64;

size_t SizeOf(const SqliteStore::Write& write) {
  size_t size = write.topic.size() + write.payload.size();
  for (const EventLog::Change& change : write.changes) {
    size += change.key.size() + change.value.size();
  }
  return size;
}

// False when `cursor` is none that a log could have given.
bool ParseCursor(absl::string_view cursor, int64_t* id) {
  *id = 0;
  if (cursor.empty()) return true;
  return cursor.size() <= kMaxDigits &&
         std::all_of(cursor.begin(), cursor.end(), absl::ascii_isdigit) &&
         (cursor[0] != '0' || cursor.size() == 1) &&
         absl::SimpleAtoi(cursor, id);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteEventLog>> SqliteEventLog::Open(
    const std::string& path, Limits limits, std::function<absl::Time()> now) {
  absl::StatusOr<std::unique_ptr<SqliteStore>> writer =
      SqliteStore::Open(path, limits);
  if (!writer.ok()) return writer.status();
  std::unique_ptr<SqliteStore> reader;
  if (path != ":memory:") {
    absl::StatusOr<std::unique_ptr<SqliteStore>> opened =
        SqliteStore::Open(path, limits);
    if (!opened.ok()) return opened.status();
    reader = *std::move(opened);
  }
  absl::StatusOr<int64_t> last_id = (*writer)->LastId();
  if (!last_id.ok()) return last_id.status();
  if (absl::Status status = (*writer)->TrimByAge(now()); !status.ok()) {
    spdlog::warn("old events remain: {}", status.ToString());
  }
  return std::unique_ptr<SqliteEventLog>(new SqliteEventLog(
      std::move(now), *std::move(writer), std::move(reader), *last_id));
}

SqliteEventLog::SqliteEventLog(std::function<absl::Time()> now,
                               std::unique_ptr<SqliteStore> writer,
                               std::unique_ptr<SqliteStore> reader,
                               int64_t last_id)
    : now_(std::move(now)),
      writer_(std::move(writer)),
      own_reader_(std::move(reader)),
      reader_(own_reader_ != nullptr ? own_reader_.get() : writer_.get()),
      subscribers_(std::make_shared<Subscribers>()),
      last_id_(last_id),
      write_thread_([this] { WriteLoop(); }),
      notify_thread_([this] { NotifyLoop(); }) {}

SqliteEventLog::~SqliteEventLog() {
  {
    MutexLock lock(&write_mu_);
    stop_writing_ = true;
  }
  write_wanted_.notify_one();
  write_thread_.join();
  {
    MutexLock lock(&notify_mu_);
    stop_notifying_ = true;
  }
  notice_wanted_.notify_one();
  notify_thread_.join();
}

void SqliteEventLog::Append(std::string topic, std::string payload,
                            std::vector<Change> changes,
                            std::string require_absent, Done done) {
  Write write;
  write.topic = std::move(topic);
  write.payload = std::move(payload);
  write.changes = std::move(changes);
  write.require_absent = std::move(require_absent);
  write.done = std::move(done);
  const size_t size = SizeOf(write);
  {
    MutexLock lock(&write_mu_);
    if (stop_writing_) {
      write.status = absl::UnavailableError("the event log is closing");
    } else if (waiting_.size() >= kMaxWaiting ||
               waiting_bytes_ + size > kMaxWaitingBytes) {
      write.status =
          absl::ResourceExhaustedError("the event log is overloaded");
    } else {
      waiting_bytes_ += size;
      waiting_.push_back(std::move(write));
      write_wanted_.notify_one();
      return;
    }
  }
  Notice notice;
  notice.writes.push_back(std::move(write));
  Notify(std::move(notice));
}

void SqliteEventLog::WriteLoop() {
  while (true) {
    std::vector<Write> batch;
    {
      MutexLock lock(&write_mu_);
      while (waiting_.empty() && !stop_writing_) {
        if (write_wanted_.wait_for(write_mu_, kIdleTrim) ==
            std::cv_status::timeout) {
          break;
        }
      }
      if (waiting_.empty() && stop_writing_) return;
      const size_t size = std::min(waiting_.size(), kMaxBatch);
      batch.reserve(size);
      for (size_t i = 0; i < size; ++i) {
        waiting_bytes_ -= SizeOf(waiting_.front());
        batch.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    if (batch.empty()) {
      if (absl::Status status = writer_->TrimByAge(now_()); !status.ok()) {
        spdlog::warn("old events remain: {}", status.ToString());
      }
      continue;
    }
    writer_->Apply(now_(), &batch);
    for (const Write& write : batch) Seen(write.id);
    Notice notice;
    notice.writes = std::move(batch);
    Notify(std::move(notice));
  }
}

void SqliteEventLog::Notify(Notice notice) {
  MutexLock lock(&notify_mu_);
  if (notice.writes.empty() && notices_.size() >= kMaxNotices) return;
  notices_.push_back(std::move(notice));
  notice_wanted_.notify_one();
}

void SqliteEventLog::NotifyLoop() {
  while (true) {
    Notice notice;
    {
      MutexLock lock(&notify_mu_);
      while (notices_.empty() && !stop_notifying_) {
        notice_wanted_.wait(notify_mu_);
      }
      if (notices_.empty()) return;
      notice = std::move(notices_.front());
      notices_.pop_front();
    }
    absl::flat_hash_set<std::string> topics;
    for (Write& write : notice.writes) {
      if (write.id != 0) topics.insert(write.topic);
      if (write.done) {
        write.done(std::move(write.status),
                   write.id == 0 ? std::string() : absl::StrCat(write.id));
      }
    }
    for (const std::string& topic : topics) {
      subscribers_->ForEach(topic, [](Subscriber* s) { s->OnEvents(); });
    }
    if (notice.writes.empty()) {
      subscribers_->ForEach(notice.topic, [&notice](Subscriber* s) {
        s->OnBroadcast(notice.payload);
      });
    }
  }
}

void SqliteEventLog::Seen(int64_t id) {
  int64_t last = last_id_;
  while (last < id && !last_id_.compare_exchange_weak(last, id)) {
  }
}

absl::StatusOr<std::vector<LoggedEvent>> SqliteEventLog::Read(
    absl::string_view topic, absl::string_view after, size_t limit) {
  int64_t id;
  if (!ParseCursor(after, &id) || id > last_id_) {
    return absl::OutOfRangeError(absl::StrCat(
        "no such cursor: ", absl::CHexEscape(after.substr(0, kMaxNamed))));
  }
  absl::StatusOr<std::vector<SqliteStore::Event>> rows =
      reader_->Read(topic, id, limit);
  if (!rows.ok()) return rows.status();
  // A commit can be read before the writer gets to say so.
  if (!rows->empty()) Seen(rows->back().id);
  std::vector<LoggedEvent> events;
  events.reserve(rows->size());
  for (SqliteStore::Event& row : *rows) {
    events.push_back(LoggedEvent{absl::StrCat(row.id), std::move(row.payload)});
  }
  return events;
}

absl::StatusOr<LoggedEvent> SqliteEventLog::Last(absl::string_view topic) {
  absl::StatusOr<SqliteStore::Event> row = reader_->Last(topic);
  if (!row.ok()) return row.status();
  Seen(row->id);
  return LoggedEvent{absl::StrCat(row->id), std::move(row->payload)};
}

absl::StatusOr<std::string> SqliteEventLog::Head(absl::string_view topic) {
  absl::StatusOr<int64_t> id = reader_->Head(topic);
  if (!id.ok()) return id.status();
  Seen(*id);
  return absl::StrCat(*id);
}

absl::StatusOr<std::string> SqliteEventLog::Oldest(absl::string_view topic) {
  absl::StatusOr<int64_t> id = reader_->Oldest(topic);
  if (!id.ok()) return id.status();
  if (*id == 0) return std::string();
  Seen(*id);
  return absl::StrCat(*id);
}

void SqliteEventLog::Broadcast(absl::string_view topic, std::string payload) {
  Notice notice;
  notice.topic = std::string(topic);
  notice.payload = std::move(payload);
  Notify(std::move(notice));
}

EventLog::Subscription SqliteEventLog::Subscribe(
    absl::string_view topic, std::weak_ptr<Subscriber> subscriber) {
  return subscribers_->Add(topic, std::move(subscriber));
}

absl::StatusOr<std::string> SqliteEventLog::Get(absl::string_view key) {
  return reader_->Get(key);
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>>
SqliteEventLog::List(absl::string_view prefix) {
  return reader_->List(prefix);
}

}  // namespace sse_bridge
