#include "backends/event_log/redis_event_log.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/event_log/cursor.h"
#include "backends/event_log/redis_scripts.h"
#include "spdlog/spdlog.h"

namespace sse_bridge {
namespace {

// Maximum number of held broadcasts; more are dropped.
constexpr size_t kMaxHeld = 10'000;

std::string Stream(absl::string_view topic) {
  return absl::StrCat("log:e:", topic);
}

// Parses a stream entry [ID-0, ["p", PAYLOAD]].
absl::string_view IdOf(const RedisReply& entry) {
  const absl::string_view id = entry[0].text();
  return id.substr(0, id.find('-'));
}

LoggedEvent EventOf(const RedisReply& entry) {
  return {std::string(IdOf(entry)), std::string(entry[1][1].text())};
}

absl::Status FirstError(const std::vector<RedisReply>& replies) {
  for (const RedisReply& reply : replies) {
    if (!reply.error().empty()) return RedisError(reply.error());
  }
  return absl::OkStatus();
}

// Warns if the server might lose acknowledged writes.
void CheckDurability(const RedisAddress& address, RedisClient* client) {
  auto config = client->Pipeline(
      {{"CONFIG", "GET", "appendonly"}, {"CONFIG", "GET", "appendfsync"}});
  // CONFIG may be forbidden.
  if (!config.ok() || !FirstError(*config).ok()) return;
  const absl::string_view on = (*config)[0][1].text();
  const absl::string_view sync = (*config)[1][1].text();
  if (on != "yes") {
    spdlog::warn("{}: appendonly is {}: a restart of Redis loses events",
                 address.ToString(), std::string(on));
  } else if (sync != "always") {
    spdlog::warn(
        "{}: appendfsync is {}: a crash of Redis can lose the last "
        "second's events",
        address.ToString(), std::string(sync));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<RedisEventLog>> RedisEventLog::Open(
    const RedisAddress& address, Limits limits) {
  std::unique_ptr<RedisEventLog> log(new RedisEventLog(address, limits));
  absl::Status prepared = log->Prepare(address);
  if (!prepared.ok()) return prepared;
  return log;
}

RedisEventLog::RedisEventLog(const RedisAddress& address, Limits limits)
    : client_(address, RedisClient::Options()),
      subscribers_(std::make_shared<Subscribers>()),
      writer_(address, limits, &callbacks_) {}

absl::Status RedisEventLog::Prepare(const RedisAddress& address) {
  auto created = client_.Call({"EVAL", kRedisCreateScript, "0"});
  if (!created.ok()) return created.status();
  CheckDurability(address, &client_);
  follower_ = std::make_unique<RedisFollower>(address, MakeHandlers());
  subscribers_->SetWatch(
      {[this](absl::string_view topic) { follower_->Follow(topic); },
       [this](absl::string_view topic) {
         follower_->Unfollow(topic);
         recent_.Drop(topic);
         LetGo(topic);
       }});
  return absl::OkStatus();
}

RedisEventLog::~RedisEventLog() {
  subscribers_->SetWatch();
  if (follower_ != nullptr) follower_->Stop();
  writer_.Close();
  callbacks_.Close();
}

RedisFollower::Handlers RedisEventLog::MakeHandlers() {
  RedisFollower::Handlers handlers;
  handlers.event = [this](const std::string& topic, int64_t before, int64_t id,
                          std::string payload) {
    recent_.Add(topic, before, id, std::move(payload));
    TellOfEvents(topic);
  };
  handlers.broadcast = [this](const std::string& topic, std::string payload) {
    callbacks_.Post([this, topic, payload = std::move(payload)] {
      subscribers_->ForEach(
          topic, [&payload](Subscriber* s) { s->OnBroadcast(payload); });
    });
  };
  handlers.live = [this](const std::string& topic) {
    client_.RetryNow();
    // Earlier events are not announced: what is kept may lack the last of them,
    // and a reader would take its end for the end of the topic.
    recent_.Drop(topic);
    LetGo(topic);
    TellOfEvents(topic);
  };
  return handlers;
}

void RedisEventLog::LetGo(absl::string_view topic) {
  std::vector<std::string> held;
  {
    MutexLock lock(&mu_);
    auto found = held_.find(std::string(topic));
    if (found == held_.end()) return;
    held = std::move(found->second);
    held_count_ -= held.size();
    held_.erase(found);
  }
  for (std::string& payload : held) Publish(topic, std::move(payload));
}

void RedisEventLog::TellOfEvents(const std::string& topic) {
  callbacks_.Post([this, topic] {
    subscribers_->ForEach(topic, [](Subscriber* s) { s->OnEvents(); });
  });
}

void RedisEventLog::Append(std::string topic, std::string payload,
                           std::vector<Change> changes, Condition condition,
                           Done done) {
  RedisWriter::Write write;
  write.topic = std::move(topic);
  write.payload = std::move(payload);
  write.changes = std::move(changes);
  write.condition = std::move(condition);
  write.done = std::move(done);
  writer_.Add(std::move(write));
}

absl::StatusOr<std::vector<LoggedEvent>> RedisEventLog::Read(
    absl::string_view topic, absl::string_view after, size_t limit) {
  int64_t id;
  if (!ParseCursor(after, &id)) return UnknownCursor(after);
  std::vector<LoggedEvent> events;
  if (!after.empty()) {
    for (auto& [cursor, payload] : recent_.Read(topic, id, limit)) {
      events.push_back({absl::StrCat(cursor), std::move(payload)});
    }
    if (!events.empty()) return events;
  }
  // Read the events first: then a deletion in between is still detected.
  const std::string begin = after.empty() ? "-" : absl::StrCat("(", id, "-0");
  auto replies = client_.Pipeline(
      {{"XRANGE", Stream(topic), begin, "+", "COUNT", absl::StrCat(limit)},
       {"ZSCORE", "log:trimmed", std::string(topic)},
       {"MGET", "log:floor", "log:last"}});
  if (!replies.ok()) return replies.status();
  if (absl::Status error = FirstError(*replies); !error.ok()) return error;
  const RedisReply& entries = (*replies)[0];
  if (!after.empty()) {
    if (id > (*replies)[2][1].integer()) return UnknownCursor(after);
    const int64_t deleted = (*replies)[1].is_nil() ? (*replies)[2][0].integer()
                                                   : (*replies)[1].integer();
    if (id < deleted) {
      // The oldest events of a topic are deleted first.
      absl::StatusOr<std::string> oldest = Oldest(topic);
      if (!oldest.ok()) return oldest.status();
      if (oldest->empty() || CursorBefore(after, *oldest)) {
        return ExpiredCursor(after);
      }
    }
  }
  events.reserve(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    events.push_back(EventOf(entries[i]));
  }
  return events;
}

absl::StatusOr<LoggedEvent> RedisEventLog::Last(absl::string_view topic) {
  auto entries =
      client_.Call({"XREVRANGE", Stream(topic), "+", "-", "COUNT", "1"});
  if (!entries.ok()) return entries.status();
  if (entries->size() == 0) return absl::NotFoundError("no such topic");
  return EventOf((*entries)[0]);
}

absl::StatusOr<std::string> RedisEventLog::Head(absl::string_view topic) {
  // In this order: if the topic is empty, all later events are after `last`.
  auto replies =
      client_.Pipeline({{"GET", "log:last"},
                        {"XREVRANGE", Stream(topic), "+", "-", "COUNT", "1"}});
  if (!replies.ok()) return replies.status();
  if (absl::Status error = FirstError(*replies); !error.ok()) return error;
  const RedisReply& newest = (*replies)[1];
  if (newest.size() > 0) return std::string(IdOf(newest[0]));
  return absl::StrCat((*replies)[0].integer());
}

absl::StatusOr<std::string> RedisEventLog::Oldest(absl::string_view topic) {
  auto entries =
      client_.Call({"XRANGE", Stream(topic), "-", "+", "COUNT", "1"});
  if (!entries.ok()) return entries.status();
  if (entries->size() == 0) return std::string();
  return std::string(IdOf((*entries)[0]));
}

void RedisEventLog::Broadcast(absl::string_view topic, std::string payload) {
  if (follower_->pending(topic)) {
    MutexLock lock(&mu_);
    // Check again under the lock: nobody would publish it after the
    // subscription.
    if (follower_->pending(topic)) {
      if (held_count_ >= kMaxHeld) return;
      ++held_count_;
      held_[std::string(topic)].push_back(std::move(payload));
      return;
    }
  }
  Publish(topic, std::move(payload));
}

void RedisEventLog::Publish(absl::string_view topic, std::string payload) {
  RedisWriter::Write write;
  write.broadcast = true;
  write.topic = std::string(topic);
  write.payload = std::move(payload);
  writer_.Add(std::move(write));
}

EventLog::Subscription RedisEventLog::Subscribe(
    absl::string_view topic, std::weak_ptr<Subscriber> subscriber) {
  return subscribers_->Add(topic, std::move(subscriber));
}

absl::StatusOr<std::vector<std::optional<std::string>>> RedisEventLog::GetAll(
    const std::vector<std::string>& keys) {
  std::vector<std::optional<std::string>> values;
  if (keys.empty()) return values;
  RedisCommand command = {"MGET"};
  for (const std::string& key : keys) {
    command.push_back(absl::StrCat("log:s:", key));
  }
  auto reply = client_.Call(command);
  if (!reply.ok()) return reply.status();
  values.resize(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!(*reply)[i].is_nil()) values[i] = std::string((*reply)[i].text());
  }
  return values;
}

bool RedisEventLog::available() const {
  return follower_->connected() && writer_.available();
}

}  // namespace sse_bridge
