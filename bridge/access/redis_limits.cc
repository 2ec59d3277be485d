#include "bridge/access/redis_limits.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "spdlog/spdlog.h"

namespace sse_bridge {
namespace {

// A request waits for Redis no longer than this.
constexpr absl::Duration kTimeout = absl::Milliseconds(250);
// After a failure, before the next attempt.
constexpr absl::Duration kRetry = absl::Seconds(1);
// Numbers told in one pipeline.
constexpr size_t kMaxTold = 1000;
// Subjects of dead bridges that one renewal takes out of the totals.
constexpr int kMaxGone = 1000;

// ARGV: bridge, subject, its connections there, limit (0: none). 1: told, 0:
// more than the limit, -1: no lease.
constexpr char kTell[] = R"lua(
if not redis.call('ZSCORE', 'limits:leases', ARGV[1]) then return -1 end
local of, subject = 'limits:of:' .. ARGV[1], ARGV[2]
local count, limit = tonumber(ARGV[3]), tonumber(ARGV[4])
local before = tonumber(redis.call('HGET', of, subject) or '0')
local total = tonumber(redis.call('HGET', 'limits:total', subject) or '0')
total = total - before + count
if limit > 0 and total > limit and count > before then return 0 end
for key, number in pairs({[of] = count, ['limits:total'] = total}) do
  if number > 0 then
    redis.call('HSET', key, subject, number)
  else
    redis.call('HDEL', key, subject)
  end
end
return 1
)lua";

// ARGV: bridge, lease in ms, kMaxGone. 1: it had a lease, else 0.
constexpr char kRenew[] = R"lua(
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local lease = redis.call('ZSCORE', 'limits:leases', ARGV[1])
local had = lease and tonumber(lease) > now and 1 or 0
local out = redis.call('ZRANGEBYSCORE', 'limits:leases', '-inf',
                       string.format('%.0f', now))
for _, bridge in ipairs(out) do
  local of = 'limits:of:' .. bridge
  local gone = redis.call('HRANDFIELD', of, ARGV[3], 'WITHVALUES')
  for i = 1, #gone, 2 do
    if redis.call('HINCRBY', 'limits:total', gone[i], -gone[i + 1]) <= 0 then
      redis.call('HDEL', 'limits:total', gone[i])
    end
    redis.call('HDEL', of, gone[i])
  end
  if redis.call('EXISTS', of) == 0 then
    redis.call('ZREM', 'limits:leases', bridge)
  end
end
redis.call('ZADD', 'limits:leases', string.format('%.0f', now + ARGV[2]),
           ARGV[1])
return had
)lua";

std::string RandomName() {
  char bits[16];
  // Fails only on kernels without getrandom(2).
  if (getentropy(bits, sizeof(bits)) != 0) std::abort();
  return absl::BytesToHexString(absl::string_view(bits, sizeof(bits)));
}

RedisClient::Options ClientOptions() {
  RedisClient::Options options;
  options.max_connections = 2;
  options.timeout = kTimeout;
  return options;
}

}  // namespace

RedisLimits::RedisLimits(const RedisAddress& address, absl::Duration lease)
    : server_(address.ToString()),
      bridge_(RandomName()),
      lease_(lease),
      client_(address, ClientOptions()),
      thread_([this] { Run(); }) {}

RedisLimits::~RedisLimits() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

bool RedisLimits::Take(absl::string_view subject, int limit) {
  const std::string name(subject);
  MutexLock io_lock(&io_mu_);
  int count;
  {
    MutexLock lock(&mu_);
    count = ++counts_[name];
    untold_.erase(name);
  }
  auto told = client_.Call({"EVAL", kTell, "0", bridge_, name,
                            absl::StrCat(count), absl::StrCat(limit)});
  Note(told.status());
  if (told.ok() && told->integer() == 1) return true;
  MutexLock lock(&mu_);
  untold_.insert(name);
  changed_.notify_all();
  if (!told.ok()) return true;
  if (told->integer() < 0) {
    renew_now_ = true;
    return true;
  }
  if (--counts_[name] == 0) counts_.erase(name);
  return false;
}

void RedisLimits::Give(absl::string_view subject) {
  const std::string name(subject);
  MutexLock lock(&mu_);
  auto found = counts_.find(name);
  if (found == counts_.end()) return;
  if (--found->second == 0) counts_.erase(found);
  untold_.insert(name);
  changed_.notify_all();
}

void RedisLimits::Run() {
  absl::Time renew_at = absl::InfinitePast();
  while (true) {
    {
      MutexLock lock(&mu_);
      if (stop_) return;
      if (renew_now_) renew_at = absl::InfinitePast();
      renew_now_ = false;
      const absl::Duration left = renew_at - absl::Now();
      if (untold_.empty() && left > absl::ZeroDuration()) {
        changed_.wait_for(mu_, absl::ToChronoMicroseconds(left));
        if (stop_) return;
      }
    }
    absl::Status status;
    {
      MutexLock lock(&io_mu_);
      if (absl::Now() >= renew_at) {
        status = Renew();
        if (status.ok()) renew_at = absl::Now() + lease_ / 3;
      }
      if (status.ok()) status = Tell();
    }
    Note(status);
    if (status.ok()) continue;
    MutexLock lock(&mu_);
    if (!stop_) changed_.wait_for(mu_, absl::ToChronoMilliseconds(kRetry));
  }
}

absl::Status RedisLimits::Renew() {
  auto had = client_.Call({"EVAL", kRenew, "0", bridge_,
                           absl::StrCat(absl::ToInt64Milliseconds(lease_)),
                           absl::StrCat(kMaxGone)});
  if (!had.ok()) return had.status();
  if (had->integer() == 1) return absl::OkStatus();
  MutexLock lock(&mu_);
  for (const auto& [name, count] : counts_) untold_.insert(name);
  return absl::OkStatus();
}

absl::Status RedisLimits::Tell() {
  std::vector<RedisCommand> commands;
  std::vector<std::string> names;
  {
    MutexLock lock(&mu_);
    while (!untold_.empty() && names.size() < kMaxTold) {
      names.push_back(std::move(untold_.extract(untold_.begin()).value()));
      auto found = counts_.find(names.back());
      const int count = found == counts_.end() ? 0 : found->second;
      commands.push_back({"EVAL", kTell, "0", bridge_, names.back(),
                          absl::StrCat(count), "0"});
    }
  }
  if (names.empty()) return absl::OkStatus();
  auto told = client_.Pipeline(commands);
  MutexLock lock(&mu_);
  absl::Status status = told.status();
  for (size_t i = 0; i < names.size(); ++i) {
    if (status.ok() && !(*told)[i].error().empty()) {
      status = RedisError((*told)[i].error());
    }
    if (status.ok() && (*told)[i].integer() == 1) continue;
    if (status.ok()) renew_now_ = true;
    untold_.insert(std::move(names[i]));
  }
  return status;
}

void RedisLimits::Note(const absl::Status& status) {
  MutexLock lock(&mu_);
  if (away_ == !status.ok()) return;
  away_ = !status.ok();
  if (away_) {
    spdlog::warn("{} is away: each bridge's own limit per subject holds: {}",
                 server_, std::string(status.message()));
  } else {
    spdlog::info("{}: limits per subject are shared", server_);
  }
}

}  // namespace sse_bridge
