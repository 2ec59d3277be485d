#include "backends/channels/redis_sessions.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

// Maximum number of sessions that one call of Expire ends.
constexpr int kMaxExpired = 1000;

// Prefix of all scripts that need the time.
constexpr char kNowLua[] = R"lua(
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
)lua";

// ARGV: session's name, lease in ms, channel, user, maximum per member. Returns
// 1 for the user's first session, 0 for another or a renewal, -1 for too many.
constexpr char kEnterLua[] = R"lua(
local expires = string.format('%.0f', now + ARGV[2])
if redis.call('ZSCORE', 'sessions:leases', ARGV[1]) then
  redis.call('ZADD', 'sessions:leases', expires, ARGV[1])
  return 0
end
local key = 'sessions:in:' .. ARGV[3]
local had = tonumber(redis.call('HGET', key, ARGV[4]) or '0')
if had >= tonumber(ARGV[5]) then return -1 end
redis.call('ZADD', 'sessions:leases', expires, ARGV[1])
redis.call('HINCRBY', key, ARGV[4], 1)
return had == 0 and 1 or 0
)lua";

// ARGV: session's name, grace in ms.
constexpr char kLeaveLua[] = R"lua(
return redis.call('ZADD', 'sessions:leases', 'XX', 'LT',
                  string.format('%.0f', now + ARGV[2]), ARGV[1])
)lua";

// ARGV: kMaxExpired. Returns the members that have left: channel, user,
// channel, user, ...
constexpr char kExpireLua[] = R"lua(
local gone = {}
local out = redis.call('ZRANGEBYSCORE', 'sessions:leases', '-inf',
                       string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
for _, name in ipairs(out) do
  redis.call('ZREM', 'sessions:leases', name)
  local length, rest = string.match(name, '^(%d+):(.*)$')
  local channel = string.sub(rest, 1, length)
  length, rest = string.match(string.sub(rest, length + 1), '^(%d+):(.*)$')
  local user = string.sub(rest, 1, length)
  local key = 'sessions:in:' .. channel
  if redis.call('HINCRBY', key, user, -1) <= 0 then
    redis.call('HDEL', key, user)
    gone[#gone + 1] = channel
    gone[#gone + 1] = user
  end
end
return gone
)lua";

std::string SessionName(const Member& member, const std::string& session) {
  return absl::StrCat(member.channel.size(), ":", member.channel,
                      member.user.size(), ":", member.user, session);
}

std::string Script(const char* body) { return absl::StrCat(kNowLua, body); }

std::string Millis(absl::Duration duration) {
  return absl::StrCat(absl::ToInt64Milliseconds(duration));
}

}  // namespace

RedisSessions::RedisSessions(const RedisAddress& address)
    : client_(address, RedisClient::Options()) {}

absl::StatusOr<bool> RedisSessions::Enter(const Member& member,
                                          const std::string& session,
                                          absl::Duration lease) {
  auto first =
      client_.Call({"EVAL", Script(kEnterLua), "0",
                    SessionName(member, session), Millis(lease), member.channel,
                    member.user, absl::StrCat(kMaxPerMember)});
  if (!first.ok()) return first.status();
  if (first->integer() < 0) {
    return absl::ResourceExhaustedError("too many sessions in this channel");
  }
  return first->integer() == 1;
}

absl::Status RedisSessions::Leave(const Member& member,
                                  const std::string& session,
                                  absl::Duration grace) {
  return client_
      .Call({"EVAL", Script(kLeaveLua), "0", SessionName(member, session),
             Millis(grace)})
      .status();
}

absl::StatusOr<std::vector<Member>> RedisSessions::Expire() {
  auto reply = client_.Call(
      {"EVAL", Script(kExpireLua), "0", absl::StrCat(kMaxExpired)});
  if (!reply.ok()) return reply.status();
  std::vector<Member> gone;
  for (size_t i = 0; i + 1 < reply->size(); i += 2) {
    gone.push_back(
        {std::string((*reply)[i].text()), std::string((*reply)[i + 1].text())});
  }
  return gone;
}

absl::StatusOr<std::vector<std::string>> RedisSessions::Users(
    const std::string& channel) {
  auto reply = client_.Call({"HKEYS", absl::StrCat("sessions:in:", channel)});
  if (!reply.ok()) return reply.status();
  std::vector<std::string> users;
  for (size_t i = 0; i < reply->size(); ++i) {
    users.emplace_back((*reply)[i].text());
  }
  std::sort(users.begin(), users.end());
  return users;
}

}  // namespace sse_bridge
