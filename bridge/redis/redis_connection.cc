#include "bridge/redis/redis_connection.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/time.h>

#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

absl::Status Away(absl::string_view reason) {
  return absl::UnavailableError(absl::StrCat("Redis: ", reason));
}

void Queue(redisContext* context, const RedisCommand& command) {
  std::vector<const char*> args;
  std::vector<size_t> sizes;
  args.reserve(command.size());
  sizes.reserve(command.size());
  for (const std::string& arg : command) {
    args.push_back(arg.data());
    sizes.push_back(arg.size());
  }
  redisAppendCommandArgv(context, static_cast<int>(args.size()), args.data(),
                         sizes.data());
}

}  // namespace

RedisReply::RedisReply(redisReply* reply)
    : root_(reply, [](redisReply* r) { freeReplyObject(r); }), reply_(reply) {}

bool RedisReply::is_nil() const {
  return reply_ == nullptr || reply_->type == REDIS_REPLY_NIL;
}

bool RedisReply::is_array() const {
  return reply_ != nullptr && reply_->type == REDIS_REPLY_ARRAY;
}

absl::string_view RedisReply::error() const {
  if (reply_ == nullptr || reply_->type != REDIS_REPLY_ERROR) return {};
  return {reply_->str, reply_->len};
}

absl::string_view RedisReply::text() const {
  if (reply_ == nullptr || (reply_->type != REDIS_REPLY_STRING &&
                            reply_->type != REDIS_REPLY_STATUS)) {
    return {};
  }
  return {reply_->str, reply_->len};
}

int64_t RedisReply::integer() const {
  if (reply_ == nullptr) return 0;
  if (reply_->type == REDIS_REPLY_INTEGER) return reply_->integer;
  int64_t number = 0;
  return absl::SimpleAtoi(text(), &number) ? number : 0;
}

size_t RedisReply::size() const { return is_array() ? reply_->elements : 0; }

RedisReply RedisReply::operator[](size_t i) const {
  return i < size() ? RedisReply(root_, reply_->element[i]) : RedisReply();
}

absl::Status RedisError(absl::string_view error) {
  const std::string text = absl::StrCat("Redis: ", error);
  if (absl::StartsWith(error, "OOM") || absl::StartsWith(error, "MISCONF")) {
    return absl::ResourceExhaustedError(text);
  }
  return absl::UnavailableError(text);
}

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisConnection::Open(
    const RedisAddress& address, absl::Duration timeout) {
  const timeval limit = absl::ToTimeval(timeout);
  // hiredis applies this timeout to each of the host's addresses.
  redisContext* context =
      redisConnectWithTimeout(address.host.c_str(), address.port, limit);
  if (context == nullptr) return Away("no memory");
  std::unique_ptr<RedisConnection> connection(
      new RedisConnection(context, timeout));
  if (context->err != 0) {
    return Away(absl::StrCat(context->errstr, " (", address.ToString(), ")"));
  }
  redisSetTimeout(context, limit);
  redisEnableKeepAlive(context);
  std::vector<RedisCommand> greeting;
  if (!address.password.empty()) {
    greeting.push_back({"AUTH", address.password});
    if (!address.user.empty()) {
      greeting.back().insert(greeting.back().begin() + 1, address.user);
    }
  }
  if (address.database != 0) {
    greeting.push_back({"SELECT", absl::StrCat(address.database)});
  }
  greeting.push_back({"PING"});
  auto answers = connection->Pipeline(greeting);
  if (!answers.ok()) return answers.status();
  for (const RedisReply& answer : *answers) {
    if (!answer.error().empty()) return RedisError(answer.error());
  }
  return connection;
}

RedisConnection::~RedisConnection() { redisFree(context_); }

absl::StatusOr<std::vector<RedisReply>> RedisConnection::Pipeline(
    const std::vector<RedisCommand>& commands) {
  for (const RedisCommand& command : commands) Queue(context_, command);
  if (absl::Status sent = Flush(); !sent.ok()) return sent;
  std::vector<RedisReply> replies;
  replies.reserve(commands.size());
  while (replies.size() < commands.size()) {
    // A reply that arrives in pieces must be complete by the deadline.
    const auto deadline = std::chrono::steady_clock::now() + timeout_;
    for (;;) {
      auto reply = Next();
      if (!reply.ok()) return reply.status();
      if (reply->has_value()) {
        replies.push_back(**std::move(reply));
        break;
      }
      if (!WaitReadable(deadline)) {
        broken_ = true;
        return Away("no reply in time");
      }
      if (absl::Status filled = Fill(); !filled.ok()) return filled;
    }
  }
  return replies;
}

// Returns false if nothing arrives by the deadline.
bool RedisConnection::WaitReadable(
    std::chrono::steady_clock::time_point deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd socket{context_->fd, POLLIN, 0};
    const int ready = poll(&socket, 1, static_cast<int>(left.count()));
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
  }
}

absl::StatusOr<RedisReply> RedisConnection::Call(const RedisCommand& command) {
  auto replies = Pipeline({command});
  if (!replies.ok()) return replies.status();
  if (!replies->front().error().empty()) {
    return RedisError(replies->front().error());
  }
  return std::move(replies->front());
}

absl::Status RedisConnection::Send(const RedisCommand& command) {
  Queue(context_, command);
  return Flush();
}

absl::Status RedisConnection::Flush() {
  int done = 0;
  while (done == 0) {
    if (redisBufferWrite(context_, &done) != REDIS_OK) return Broken();
  }
  return absl::OkStatus();
}

absl::Status RedisConnection::Fill() {
  return redisBufferRead(context_) == REDIS_OK ? absl::OkStatus() : Broken();
}

absl::StatusOr<std::optional<RedisReply>> RedisConnection::Next() {
  void* reply = nullptr;
  if (redisReaderGetReply(context_->reader, &reply) != REDIS_OK) {
    return Broken();
  }
  if (reply == nullptr) return std::nullopt;
  return RedisReply(static_cast<redisReply*>(reply));
}

int RedisConnection::fd() const { return context_->fd; }

absl::Status RedisConnection::Broken() {
  broken_ = true;
  // More specific than errno EAGAIN of a socket with a timeout.
  if (context_->err == REDIS_ERR_IO &&
      absl::StrContains(context_->errstr, "temporarily unavailable")) {
    return Away("no reply in time");
  }
  return Away(context_->err != 0 ? context_->errstr : context_->reader->errstr);
}

}  // namespace sse_bridge
