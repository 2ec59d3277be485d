#include "backends/event_log/redis_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "backends/event_log/keys.h"
#include "backends/event_log/redis_scripts.h"
#include "backends/event_log/write_limits.h"
#include "bridge/redis/redis_client.h"
#include "spdlog/spdlog.h"

namespace sse_bridge {
namespace {

// Maximum number of writes in a batch: Redis serves no other client meanwhile.
constexpr size_t kMaxBatch = 128;
constexpr size_t kMaxBatchBytes = 4 << 20;
// How long a write waits for an unreachable server.
constexpr absl::Duration kPatience = absl::Seconds(10);
// For connecting and for each reply.
constexpr absl::Duration kWriteTimeout = absl::Seconds(5);

// How far a topic may exceed its limit before events are deleted: this many
// events, and at most this part of the limit.
constexpr size_t kMaxSurplus = 256;  // events
constexpr size_t kSurplusPart = 16;
// Number of writes between two checks for events that are too old.
constexpr size_t kWritesPerTrim = 256;
// Number of topics per check.
constexpr int kTrimmedTopics = 100;
// Maximum number of consecutive checks.
constexpr int kMaxTrimRounds = 20;

size_t SizeOf(const RedisWriter::Write& write) {
  size_t size = write.topic.size() + write.payload.size();
  for (const EventLog::Change& change : write.changes) {
    size += change.key.size() + change.value.size();
  }
  return size;
}

absl::Status StatusOf(const RedisReply& result) {
  const absl::string_view what = result[0].text();
  if (what == "ok") return absl::OkStatus();
  if (what == "exists") return absl::AlreadyExistsError("it already exists");
  if (what == "none") return absl::NotFoundError("no such key");
  if (what == "differs") {
    return absl::FailedPreconditionError(result[1].text());
  }
  return absl::InternalError("Redis: unexpected result of the script");
}

}  // namespace

RedisWriter::RedisWriter(RedisAddress address, EventLog::Limits limits,
                         CallbackThread* callbacks)
    : address_(std::move(address)),
      limits_(limits),
      name_(RandomId()),
      callbacks_(callbacks),
      thread_([this] { Run(); }) {}

void RedisWriter::Close() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
  }
  wanted_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RedisWriter::Add(Write write) {
  write.since = absl::Now();
  const size_t size = SizeOf(write);
  absl::Status refused;
  {
    MutexLock lock(&mu_);
    if (stop_) {
      refused = absl::UnavailableError("the event log is closing");
    } else if (waiting_.size() >= kMaxWaiting ||
               waiting_bytes_ + size > kMaxWaitingBytes) {
      refused = absl::ResourceExhaustedError("the event log is overloaded");
    } else {
      waiting_bytes_ += size;
      waiting_.push_back(std::move(write));
      wanted_.notify_one();
      return;
    }
  }
  Batch batch;
  batch.push_back(std::move(write));
  Acknowledge(std::move(batch), std::move(refused), RedisReply());
}

bool RedisWriter::Take(Batch* batch) {
  const absl::Duration idle =
      std::clamp(limits_.max_age / 4, kShortestIdle, kLongestIdle);
  MutexLock lock(&mu_);
  if (waiting_.empty() && !stop_) {
    wanted_.wait_for(mu_, absl::ToChronoMilliseconds(idle));
  }
  if (waiting_.empty()) return !stop_;
  size_t bytes = 0;
  while (!waiting_.empty() && batch->size() < kMaxBatch) {
    const size_t size = SizeOf(waiting_.front());
    if (!batch->empty() && bytes + size > kMaxBatchBytes) break;
    bytes += size;
    batch->push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  waiting_bytes_ -= bytes;
  return true;
}

void RedisWriter::Run() {
  while (true) {
    Batch batch;
    if (!Take(&batch)) return;
    since_trim_ += batch.size();
    const bool idle = batch.empty();
    if (!idle) Apply(std::move(batch));
    if (idle || since_trim_ >= kWritesPerTrim) Trim();
  }
}

void RedisWriter::Apply(Batch batch) {
  ++batch_number_;
  const RedisCommand command = Script(batch);
  for (int failures = 0;; ++failures) {
    auto results = Send(command);
    if (results.ok() && results->size() == batch.size()) {
      available_ = true;
      Acknowledge(std::move(batch), absl::OkStatus(), *std::move(results));
      return;
    }
    absl::Status status = results.ok()
                              ? absl::InternalError("Redis: a batch is missing")
                              : results.status();
    if (!absl::IsUnavailable(status)) {
      spdlog::error("{}: {}", address_.ToString(),
                    std::string(status.message()));
      Acknowledge(std::move(batch), std::move(status), RedisReply());
      return;
    }
    available_ = false;
    const bool impatient = absl::Now() - batch.front().since > kPatience;
    if (impatient || Sleep(RedisBackoff(failures))) {
      Acknowledge(std::move(batch),
                  absl::UnavailableError(absl::StrCat(
                      status.message(), "; it may have been stored or not")),
                  RedisReply());
      FailImpatient(status);
      return;
    }
  }
}

void RedisWriter::FailImpatient(const absl::Status& status) {
  Batch failed;
  {
    const absl::Time bound = absl::Now() - kPatience;
    MutexLock lock(&mu_);
    while (!waiting_.empty() && (stop_ || waiting_.front().since < bound)) {
      waiting_bytes_ -= SizeOf(waiting_.front());
      failed.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
  }
  Acknowledge(std::move(failed), status, RedisReply());
}

absl::StatusOr<RedisReply> RedisWriter::Send(const RedisCommand& command) {
  if (connection_ == nullptr || connection_->broken()) {
    auto opened = RedisConnection::Open(address_, kWriteTimeout);
    if (!opened.ok()) return opened.status();
    connection_ = *std::move(opened);
  }
  return connection_->Call(command);
}

RedisCommand RedisWriter::Script(const Batch& batch) const {
  const size_t kept = limits_.max_events_per_topic;
  RedisCommand command = {
      "EVAL",
      RedisWriteScript(),
      "0",
      name_,
      absl::StrCat(batch_number_),
      RedisChannelPrefix(address_.database),
      absl::StrCat(kept),
      absl::StrCat(std::min(kMaxSurplus, kept / kSurplusPart)),
      absl::StrCat(absl::ToInt64Milliseconds(limits_.max_age)),
      absl::StrCat(limits_.max_trimmed_topics)};
  for (const Write& write : batch) {
    const EventLog::Condition& condition = write.condition;
    command.push_back(write.broadcast ? "b" : "e");
    command.push_back(write.topic);
    command.push_back(write.payload);
    command.push_back(condition.key.empty()         ? ""
                      : condition.value.has_value() ? "equals"
                                                    : "absent");
    command.push_back(condition.key);
    command.push_back(condition.value.value_or(""));
    command.push_back(absl::StrCat(write.changes.size()));
    for (const EventLog::Change& change : write.changes) {
      command.push_back(change.erase     ? "erase"
                        : change.expires ? "expiring"
                                         : "set");
      command.push_back(change.key);
      command.push_back(change.value);
    }
  }
  return command;
}

void RedisWriter::Acknowledge(Batch batch, absl::Status status,
                              RedisReply results) {
  auto writes = std::make_shared<Batch>(std::move(batch));
  callbacks_->Post(
      [writes, status = std::move(status), results = std::move(results)] {
        for (size_t i = 0; i < writes->size(); ++i) {
          const EventLog::Done& done = (*writes)[i].done;
          if (!done) continue;
          absl::Status own = status.ok() ? StatusOf(results[i]) : status;
          done(std::move(own),
               status.ok() ? std::string(results[i][1].text()) : std::string());
        }
      });
}

void RedisWriter::Trim() {
  since_trim_ = 0;
  const RedisCommand command = {
      "EVAL",
      RedisTrimScript(),
      "0",
      absl::StrCat(absl::ToInt64Microseconds(limits_.max_age)),
      absl::StrCat(limits_.max_trimmed_topics),
      absl::StrCat(kTrimmedTopics)};
  for (int round = 0; round < kMaxTrimRounds; ++round) {
    auto looked = Send(command);
    if (!looked.ok()) {
      spdlog::warn("{}: cannot delete old events: {}", address_.ToString(),
                   std::string(looked.status().message()));
      return;
    }
    if (looked->integer() < kTrimmedTopics) return;
  }
}

bool RedisWriter::Sleep(absl::Duration duration) {
  MutexLock lock(&mu_);
  const absl::Time end = absl::Now() + duration;
  while (!stop_) {
    const absl::Duration left = end - absl::Now();
    if (left <= absl::ZeroDuration()) return false;
    wanted_.wait_for(mu_, absl::ToChronoMicroseconds(left));
  }
  return true;
}

}  // namespace sse_bridge
