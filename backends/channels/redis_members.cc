#include "backends/channels/redis_members.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "backends/event_log/keys.h"

namespace sse_bridge {
namespace {

// Maximum number of members with expired leases that one call removes.
constexpr int kMaxGone = 1000;

// ARGV: process, member, channel, user. Returns 1 for the first process, 0 for
// another, -1 without a lease.
constexpr char kAdd[] = R"lua(
if not redis.call('ZSCORE', 'members:leases', ARGV[1]) then return -1 end
if redis.call('SADD', 'members:of:' .. ARGV[1], ARGV[2]) == 0 then return 0 end
local processes = redis.call('HINCRBY', 'members:in:' .. ARGV[3], ARGV[4], 1)
return processes == 1 and 1 or 0
)lua";

// Prefix of the scripts that remove members.
constexpr char kDropLua[] = R"lua(
local function drop(member)
  local length, names = string.match(member, '^(%d+):(.*)$')
  local channel = string.sub(names, 1, length)
  local key, user = 'members:in:' .. channel, string.sub(names, length + 1)
  if redis.call('HINCRBY', key, user, -1) > 0 then return false end
  redis.call('HDEL', key, user)
  return {channel, user}
end
)lua";

// ARGV: process, member. Returns 1 for the last process, else 0.
constexpr char kRemoveLua[] = R"lua(
if redis.call('SREM', 'members:of:' .. ARGV[1], ARGV[2]) == 0 then return 0 end
return drop(ARGV[2]) and 1 or 0
)lua";

// ARGV: process, lease in ms, kMaxGone. Returns whether there was a lease, and
// the members removed: channel, user, channel, user, ...
constexpr char kRenewLua[] = R"lua(
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local lease = redis.call('ZSCORE', 'members:leases', ARGV[1])
local had = lease and tonumber(lease) > now and 1 or 0
local gone = {}
local left = tonumber(ARGV[3])
local out = redis.call('ZRANGEBYSCORE', 'members:leases', '-inf',
                       string.format('%.0f', now))
for _, process in ipairs(out) do
  local key = 'members:of:' .. process
  local members = left > 0 and redis.call('SPOP', key, left) or {}
  for _, member in ipairs(members) do
    left = left - 1
    local who = drop(member)
    if who then
      gone[#gone + 1] = who[1]
      gone[#gone + 1] = who[2]
    end
  end
  if redis.call('EXISTS', key) == 0 then
    redis.call('ZREM', 'members:leases', process)
  end
end
redis.call('ZADD', 'members:leases', string.format('%.0f', now + ARGV[2]),
           ARGV[1])
return {had, gone}
)lua";

// ARGV: process, grace in ms.
constexpr char kRetire[] = R"lua(
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
return redis.call('ZADD', 'members:leases', 'XX',
                  string.format('%.0f', now + ARGV[2]), ARGV[1])
)lua";

std::string Name(const Member& member) {
  return absl::StrCat(member.channel.size(), ":", member.channel, member.user);
}

}  // namespace

RedisMembers::RedisMembers(const RedisAddress& address, absl::Duration lease)
    : client_(address, RedisClient::Options()),
      process_(RandomId()),
      lease_(lease) {}

absl::StatusOr<bool> RedisMembers::Add(const Member& member) {
  auto first = client_.Call(
      {"EVAL", kAdd, "0", process_, Name(member), member.channel, member.user});
  if (!first.ok()) return first.status();
  if (first->integer() < 0) return absl::NotFoundError("no lease");
  return first->integer() == 1;
}

absl::StatusOr<bool> RedisMembers::Remove(const Member& member) {
  auto last = client_.Call({"EVAL", absl::StrCat(kDropLua, kRemoveLua), "0",
                            process_, Name(member)});
  if (!last.ok()) return last.status();
  return last->integer() == 1;
}

absl::StatusOr<SharedMembers::Renewal> RedisMembers::Renew() {
  auto reply =
      client_.Call({"EVAL", absl::StrCat(kDropLua, kRenewLua), "0", process_,
                    absl::StrCat(absl::ToInt64Milliseconds(lease_)),
                    absl::StrCat(kMaxGone)});
  if (!reply.ok()) return reply.status();
  Renewal renewal;
  renewal.lost = (*reply)[0].integer() == 0;
  const RedisReply gone = (*reply)[1];
  for (size_t i = 0; i + 1 < gone.size(); i += 2) {
    renewal.gone.push_back(
        {std::string(gone[i].text()), std::string(gone[i + 1].text())});
  }
  return renewal;
}

void RedisMembers::Retire(absl::Duration grace) {
  (void)client_.Call({"EVAL", kRetire, "0", process_,
                      absl::StrCat(absl::ToInt64Milliseconds(grace))});
}

absl::StatusOr<std::vector<std::string>> RedisMembers::Users(
    const std::string& channel) {
  auto reply = client_.Call({"HKEYS", absl::StrCat("members:in:", channel)});
  if (!reply.ok()) return reply.status();
  std::vector<std::string> users;
  for (size_t i = 0; i < reply->size(); ++i) {
    users.emplace_back((*reply)[i].text());
  }
  return users;
}

}  // namespace sse_bridge
