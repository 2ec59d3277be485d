#include "backends/event_log/sqlite_event_log.h"

#include <algorithm>
#include <chrono>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "backends/event_log/cursor.h"
#include "backends/event_log/write_limits.h"
#include "spdlog/spdlog.h"

namespace sse_bridge {
namespace {

// Maximum number of appends in a transaction.
constexpr size_t kMaxCommit = 1024;
// Maximum number of queued callbacks; further broadcasts are dropped.
constexpr size_t kMaxNotices = 10'000;

size_t SizeOf(const SqliteStore::Write& write) {
  size_t size = write.topic.size() + write.payload.size();
  for (const EventLog::Change& change : write.changes) {
    size += change.key.size() + change.value.size();
  }
  return size;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteEventLog>> SqliteEventLog::Open(
    const std::string& path, Limits limits, std::function<absl::Time()> now) {
  absl::StatusOr<std::unique_ptr<SqliteStore>> writer =
      SqliteStore::Open(path, limits, now());
  if (!writer.ok()) return writer.status();
  std::unique_ptr<SqliteStore> reader;
  if (path != ":memory:") {
    absl::StatusOr<std::unique_ptr<SqliteStore>> opened =
        SqliteStore::Open(path, limits, now());
    if (!opened.ok()) return opened.status();
    reader = *std::move(opened);
  }
  absl::StatusOr<int64_t> last_id = (*writer)->LastId();
  if (!last_id.ok()) return last_id.status();
  if (absl::Status status = (*writer)->TrimByAge(now()); !status.ok()) {
    spdlog::warn("cannot delete old events: {}", status.ToString());
  }
  return std::unique_ptr<SqliteEventLog>(
      new SqliteEventLog(std::move(now), limits.max_age, *std::move(writer),
                         std::move(reader), *last_id));
}

SqliteEventLog::SqliteEventLog(std::function<absl::Time()> now,
                               absl::Duration max_age,
                               std::unique_ptr<SqliteStore> writer,
                               std::unique_ptr<SqliteStore> reader,
                               int64_t last_id)
    : now_(std::move(now)),
      idle_trim_(std::clamp(max_age / 4, kShortestIdle, kLongestIdle)),
      writer_(std::move(writer)),
      own_reader_(std::move(reader)),
      reader_(own_reader_ != nullptr ? own_reader_.get() : writer_.get()),
      subscribers_(std::make_shared<Subscribers>()),
      last_id_(last_id),
      write_thread_([this] { WriteLoop(); }) {}

SqliteEventLog::~SqliteEventLog() {
  {
    MutexLock lock(&write_mu_);
    stop_writing_ = true;
  }
  write_wanted_.notify_one();
  write_thread_.join();
}

void SqliteEventLog::Append(std::string topic, std::string payload,
                            std::vector<Change> changes, Condition condition,
                            Done done) {
  Write write;
  write.topic = std::move(topic);
  write.payload = std::move(payload);
  write.changes = std::move(changes);
  write.condition = std::move(condition);
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
  std::vector<Write> refused;
  refused.push_back(std::move(write));
  Acknowledge(std::move(refused));
}

void SqliteEventLog::WriteLoop() {
  while (true) {
    std::vector<Write> batch;
    {
      MutexLock lock(&write_mu_);
      while (waiting_.empty() && !stop_writing_) {
        if (write_wanted_.wait_for(write_mu_,
                                   absl::ToChronoMilliseconds(idle_trim_)) ==
            std::cv_status::timeout) {
          break;
        }
      }
      if (waiting_.empty() && stop_writing_) return;
      const size_t size = std::min(waiting_.size(), kMaxCommit);
      batch.reserve(size);
      for (size_t i = 0; i < size; ++i) {
        waiting_bytes_ -= SizeOf(waiting_.front());
        batch.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
    }
    if (batch.empty()) {
      if (absl::Status status = writer_->TrimByAge(now_()); !status.ok()) {
        spdlog::warn("cannot delete old events: {}", status.ToString());
      }
      continue;
    }
    writer_->Apply(now_(), &batch);
    for (const Write& write : batch) Seen(write.id);
    Acknowledge(std::move(batch));
  }
}

void SqliteEventLog::Acknowledge(std::vector<Write> writes) {
  auto shared = std::make_shared<std::vector<Write>>(std::move(writes));
  callbacks_.Post([subscribers = subscribers_, shared] {
    absl::flat_hash_set<std::string> topics;
    for (Write& write : *shared) {
      if (write.id != 0) topics.insert(write.topic);
      if (write.done) {
        write.done(std::move(write.status),
                   write.id == 0 ? std::string() : absl::StrCat(write.id));
      }
    }
    for (const std::string& topic : topics) {
      subscribers->ForEach(topic, [](Subscriber* s) { s->OnEvents(); });
    }
  });
}

void SqliteEventLog::Seen(int64_t id) {
  int64_t last = last_id_;
  while (last < id && !last_id_.compare_exchange_weak(last, id)) {
  }
}

absl::StatusOr<std::vector<LoggedEvent>> SqliteEventLog::Read(
    absl::string_view topic, absl::string_view after, size_t limit) {
  int64_t id;
  if (!ParseCursor(after, &id) || id > last_id_) return UnknownCursor(after);
  absl::StatusOr<std::vector<SqliteStore::Event>> rows =
      reader_->Read(topic, id, limit);
  if (!rows.ok()) return rows.status();
  if (!after.empty()) {
    // Check afterwards: then a deletion in between is still detected.
    absl::StatusOr<bool> misses = reader_->Misses(topic, id);
    if (!misses.ok()) return misses.status();
    if (*misses) return ExpiredCursor(after);
  }
  // A commit may be visible before the writer reports it.
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
  if (callbacks_.waiting() >= kMaxNotices) return;
  callbacks_.Post([subscribers = subscribers_, topic = std::string(topic),
                   payload = std::move(payload)] {
    subscribers->ForEach(
        topic, [&payload](Subscriber* s) { s->OnBroadcast(payload); });
  });
}

EventLog::Subscription SqliteEventLog::Subscribe(
    absl::string_view topic, std::weak_ptr<Subscriber> subscriber) {
  return subscribers_->Add(topic, std::move(subscriber));
}

absl::StatusOr<std::vector<std::optional<std::string>>> SqliteEventLog::GetAll(
    const std::vector<std::string>& keys) {
  std::vector<std::optional<std::string>> values;
  values.reserve(keys.size());
  for (const std::string& key : keys) {
    absl::StatusOr<std::optional<std::string>> value = reader_->Get(key);
    if (!value.ok()) return value.status();
    values.push_back(*std::move(value));
  }
  return values;
}

}  // namespace sse_bridge
