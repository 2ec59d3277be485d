#include "backends/event_log/redis_follower.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "backends/event_log/redis_scripts.h"
#include "bridge/redis/redis_client.h"
#include "spdlog/spdlog.h"

namespace sse_bridge {
namespace {

// A quiet connection is pinged after this time...
constexpr absl::Duration kPingInterval = absl::Seconds(5);
// ...and closed if no reply arrives in this time.
constexpr absl::Duration kSilence = absl::Seconds(15);
constexpr absl::Duration kTimeout = absl::Seconds(5);
// Number of topics per SUBSCRIBE.
constexpr size_t kMaxTopics = 500;

}  // namespace

RedisFollower::RedisFollower(RedisAddress address, Handlers handlers)
    : address_(std::move(address)),
      handlers_(std::move(handlers)),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      thread_([this] { Run(); }) {}

void RedisFollower::Stop() {
  {
    MutexLock lock(&mu_);
    if (stop_) return;
    stop_ = true;
  }
  Wake();
  thread_.join();
}

RedisFollower::~RedisFollower() {
  Stop();
  close(wake_fd_);
}

std::string RedisFollower::Channel(absl::string_view topic) const {
  return absl::StrCat(RedisChannelPrefix(address_.database), topic);
}

void RedisFollower::Follow(absl::string_view topic) {
  MutexLock lock(&mu_);
  topics_.try_emplace(topic, false);
  changed_.insert(std::string(topic));
  Wake();
}

void RedisFollower::Unfollow(absl::string_view topic) {
  MutexLock lock(&mu_);
  topics_.erase(topic);
  changed_.insert(std::string(topic));
  Wake();
}

bool RedisFollower::pending(absl::string_view topic) const {
  MutexLock lock(&mu_);
  auto found = topics_.find(topic);
  return found != topics_.end() && !found->second;
}

bool RedisFollower::stopped() const {
  MutexLock lock(&mu_);
  return stop_;
}

void RedisFollower::Wake() { (void)eventfd_write(wake_fd_, 1); }

void RedisFollower::Sleep(absl::Duration duration) {
  const absl::Time end = absl::Now() + duration;
  while (!stopped()) {
    const absl::Duration left = end - absl::Now();
    if (left <= absl::ZeroDuration()) return;
    pollfd wake = {wake_fd_, POLLIN, 0};
    poll(&wake, 1, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    eventfd_t ignored;
    (void)eventfd_read(wake_fd_, &ignored);
  }
}

void RedisFollower::Run() {
  for (int failures = 0; !stopped();) {
    auto connection = RedisConnection::Open(address_, kTimeout);
    absl::Status status = connection.status();
    if (status.ok()) {
      spdlog::info("{}: following", address_.ToString());
      failures = 0;
      {
        // A new connection has no subscriptions.
        MutexLock lock(&mu_);
        changed_.clear();
        for (auto& [topic, heard] : topics_) changed_.insert(topic);
      }
      unconfirmed_.clear();
      connected_ = true;
      status = Listen(connection->get());
      connected_ = false;
      MutexLock lock(&mu_);
      for (auto& [topic, heard] : topics_) heard = false;
    }
    if (stopped()) return;
    if (failures == 0) {
      spdlog::warn("{}: {}; connecting again", address_.ToString(),
                   std::string(status.message()));
    }
    Sleep(RedisBackoff(failures++));
  }
}

absl::Status RedisFollower::Listen(RedisConnection* connection) {
  absl::Time heard = absl::Now();
  absl::Time pinged = heard;
  while (true) {
    if (absl::Status sent = SendWishes(connection); !sent.ok()) return sent;
    pollfd fds[] = {{connection->fd(), POLLIN, 0}, {wake_fd_, POLLIN, 0}};
    poll(fds, 2, static_cast<int>(absl::ToInt64Milliseconds(kPingInterval)));
    if (stopped()) return absl::OkStatus();
    if (fds[1].revents != 0) {
      eventfd_t ignored;
      (void)eventfd_read(wake_fd_, &ignored);
    }
    const absl::Time now = absl::Now();
    if (fds[0].revents != 0) {
      if (absl::Status read = connection->Fill(); !read.ok()) return read;
      heard = now;
    } else if (now - heard > kSilence) {
      return absl::UnavailableError("Redis: silent");
    }
    if (now - heard > kPingInterval && now - pinged > kPingInterval) {
      pinged = now;
      if (absl::Status sent = connection->Send({"PING"}); !sent.ok()) {
        return sent;
      }
    }
    while (true) {
      auto reply = connection->Next();
      if (!reply.ok()) return reply.status();
      if (!reply->has_value()) break;
      Hear(**reply);
    }
  }
}

absl::Status RedisFollower::SendWishes(RedisConnection* connection) {
  std::vector<RedisCommand> commands;
  {
    MutexLock lock(&mu_);
    RedisCommand follow = {"SUBSCRIBE"}, leave = {"UNSUBSCRIBE"};
    for (const std::string& topic : changed_) {
      RedisCommand& command = topics_.contains(topic) ? follow : leave;
      command.push_back(Channel(topic));
      if (&command == &follow) ++unconfirmed_[topic];
      if (command.size() > kMaxTopics) {
        commands.push_back(command);
        command.resize(1);
      }
    }
    changed_.clear();
    for (RedisCommand* rest : {&follow, &leave}) {
      if (rest->size() > 1) commands.push_back(std::move(*rest));
    }
  }
  for (const RedisCommand& command : commands) {
    if (absl::Status sent = connection->Send(command); !sent.ok()) return sent;
  }
  return absl::OkStatus();
}

// ["message", channel, message], ["subscribe", channel, count], ...
void RedisFollower::Hear(const RedisReply& reply) {
  const absl::string_view kind = reply[0].text();
  absl::string_view channel = reply[1].text();
  // The reply to a ping.
  if (!absl::ConsumePrefix(&channel, Channel(""))) return;
  const std::string topic(channel);
  if (kind == "message") {
    HearMessage(topic, reply[2].text());
  } else if (kind == "subscribe") {
    // If the topic was followed, left and followed again, only the last
    // confirmation counts.
    auto waiting = unconfirmed_.find(topic);
    if (waiting == unconfirmed_.end() || --waiting->second > 0) return;
    unconfirmed_.erase(waiting);
    {
      MutexLock lock(&mu_);
      auto found = topics_.find(topic);
      if (found == topics_.end()) return;
      found->second = true;
    }
    handlers_.live(topic);
  }
}

void RedisFollower::HearMessage(const std::string& topic,
                                absl::string_view message) {
  if (absl::ConsumePrefix(&message, "b")) {
    handlers_.broadcast(topic, std::string(message));
    return;
  }
  const size_t first = message.find(' ');
  const size_t second = message.find(' ', first + 1);
  int64_t before = 0, id = 0;
  if (!absl::ConsumePrefix(&message, "e") ||
      second == absl::string_view::npos ||
      !absl::SimpleAtoi(message.substr(0, first - 1), &before) ||
      !absl::SimpleAtoi(message.substr(first, second - first - 1), &id)) {
    return;  // published by another program
  }
  handlers_.event(topic, before, id, std::string(message.substr(second)));
}

}  // namespace sse_bridge
