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

// For connecting and for each reply. Blocks only the Redis thread.
constexpr absl::Duration kTimeout = absl::Milliseconds(250);
// Delay after a failed attempt.
constexpr std::chrono::seconds kRetry(1);
// Maximum number of reports and questions in one pipeline.
constexpr size_t kMaxTold = 1000;
// Maximum number of dead bridges' subjects that one renewal removes from the
// totals.
constexpr int kMaxGone = 1000;

// ARGV: bridge, subject, its streams there, limit (0: none). Returns 1 if
// stored, 0 if above the limit, -1 without a lease.
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

// ARGV: bridge, lease in ms, kMaxGone. Returns 1 if it had a lease, else 0.
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
      lease_(lease),
      bridge_(RandomName()),
      client_(address, ClientOptions()),
      speaker_([this] { Run(); }),
      watcher_([this] { WatchDeadlines(); }) {}

RedisLimits::~RedisLimits() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    work_.notify_all();
    waiters_.notify_all();
  }
  speaker_.join();
  watcher_.join();
}

void RedisLimits::Take(absl::string_view subject, int streams, int limit,
                       Done done) {
  std::string name(subject);
  {
    MutexLock lock(&mu_);
    if (may_ask()) {
      auto question = std::make_shared<Question>();
      question->subject = std::move(name);
      question->streams = streams;
      question->limit = limit;
      question->deadline = std::chrono::steady_clock::now() +
                           absl::ToChronoMilliseconds(kPatience);
      question->done = std::move(done);
      unsent_.push_back(question);
      waiting_.push_back(std::move(question));
      work_.notify_one();
      if (waiting_.size() == 1) waiters_.notify_one();
      return;
    }
    CountHere(name, streams);
  }
  std::move(done)(true);
}

void RedisLimits::Give(absl::string_view subject, int streams) {
  const std::string name(subject);
  MutexLock lock(&mu_);
  const auto found = counts_.find(name);
  if (found == counts_.end()) return;
  found->second -= streams;
  if (found->second <= 0) counts_.erase(found);
  MarkUntold(name);
  work_.notify_one();
}

size_t RedisLimits::untold() const {
  MutexLock lock(&mu_);
  return untold_.size();
}

int RedisLimits::CountOf(const std::string& subject) const {
  const auto found = counts_.find(subject);
  return found == counts_.end() ? 0 : found->second;
}

void RedisLimits::CountHere(const std::string& subject, int streams) {
  counts_[subject] += streams;
  MarkUntold(subject);
}

void RedisLimits::MarkUntold(const std::string& subject) {
  if (untold_.size() >= kMaxUntold + counts_.size()) {
    untold_.clear();
    rename_ = true;
  }
  untold_.insert(subject);
}

void RedisLimits::DecideHere(Question* question) {
  question->decided = true;
  CountHere(question->subject, question->streams);
}

void RedisLimits::WatchDeadlines() {
  mu_.Lock();
  while (!stop_) {
    while (!waiting_.empty() && waiting_.front()->decided) waiting_.pop_front();
    if (waiting_.empty()) {
      waiters_.wait(mu_);
      continue;
    }
    const QuestionPtr oldest = waiting_.front();
    if (oldest->deadline > std::chrono::steady_clock::now()) {
      waiters_.wait_until(mu_, oldest->deadline);
      continue;
    }
    late_ = true;
    DecideHere(oldest.get());
    mu_.Unlock();
    std::move(oldest->done)(true);
    mu_.Lock();
  }
  mu_.Unlock();
}

bool RedisLimits::WaitForWork(SteadyTime renew_at) {
  MutexLock lock(&mu_);
  while (!stop_ && !renew_now_ && untold_.empty() && unsent_.empty() &&
         std::chrono::steady_clock::now() < renew_at) {
    work_.wait_until(mu_, renew_at);
  }
  return !stop_;
}

void RedisLimits::Run() {
  SteadyTime renew_at;
  while (WaitForWork(renew_at)) {
    bool renew;
    {
      MutexLock lock(&mu_);
      if (rename_) {
        bridge_ = RandomName();
        for (const auto& [name, count] : counts_) untold_.insert(name);
      }
      renew =
          renew_now_ || rename_ || std::chrono::steady_clock::now() >= renew_at;
      renew_now_ = rename_ = false;
    }
    absl::Status status;
    if (renew) {
      status = Renew();
      if (status.ok()) {
        renew_at = std::chrono::steady_clock::now() +
                   absl::ToChronoMilliseconds(lease_ / 3);
      }
    }
    if (status.ok()) status = Ask();
    if (status.ok()) status = Tell();
    Note(status);
    if (status.ok()) continue;
    // Questions asked meanwhile were counted locally.
    const SteadyTime retry_at = std::chrono::steady_clock::now() + kRetry;
    MutexLock lock(&mu_);
    if (renew) renew_now_ = true;
    while (!stop_ && std::chrono::steady_clock::now() < retry_at) {
      work_.wait_until(mu_, retry_at);
    }
  }
}

absl::Status RedisLimits::Ask() {
  std::vector<QuestionPtr> questions;
  std::vector<RedisCommand> commands;
  {
    MutexLock lock(&mu_);
    // Each number assumes that those before it in this pipeline are accepted.
    absl::flat_hash_map<std::string, int> ahead;
    size_t taken = 0;
    for (; taken < unsent_.size() && questions.size() < kMaxTold; ++taken) {
      QuestionPtr& question = unsent_[taken];
      if (question->decided) continue;
      int& streams = ahead[question->subject];
      streams += question->streams;
      commands.push_back({"EVAL", kTell, "0", bridge_, question->subject,
                          absl::StrCat(CountOf(question->subject) + streams),
                          absl::StrCat(question->limit)});
      questions.push_back(std::move(question));
    }
    unsent_.erase(unsent_.begin(),
                  unsent_.begin() + static_cast<std::ptrdiff_t>(taken));
  }
  if (questions.empty()) return absl::OkStatus();
  auto answers = client_.Pipeline(commands);
  absl::Status status = answers.status();
  std::vector<std::pair<QuestionPtr, bool>> decided;
  {
    MutexLock lock(&mu_);
    for (size_t i = 0; i < questions.size(); ++i) {
      Question& question = *questions[i];
      if (answers.ok() && !(*answers)[i].error().empty()) {
        status = RedisError((*answers)[i].error());
      }
      const bool answered = status.ok();
      if (answered && (*answers)[i].integer() < 0) renew_now_ = true;
      if (question.decided) continue;
      decided.emplace_back(questions[i], true);
      if (answered && (*answers)[i].integer() == 1) {
        question.decided = true;
        counts_[question.subject] += question.streams;
      } else if (answered && (*answers)[i].integer() == 0) {
        question.decided = true;
        decided.back().second = false;
        // Later questions in the pipeline may have reported too high a number.
        MarkUntold(question.subject);
      } else {
        DecideHere(&question);
      }
    }
  }
  for (auto& [question, counted] : decided) {
    std::move(question->done)(counted);
  }
  return status;
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
      commands.push_back({"EVAL", kTell, "0", bridge_, names.back(),
                          absl::StrCat(CountOf(names.back())), "0"});
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
  std::vector<QuestionPtr> left;
  {
    MutexLock lock(&mu_);
    late_ = false;
    const bool was_away = std::exchange(away_, !status.ok());
    if (away_) {
      for (QuestionPtr& question : unsent_) {
        if (question->decided) continue;
        DecideHere(question.get());
        left.push_back(std::move(question));
      }
      unsent_.clear();
    }
    if (away_ && !was_away) {
      spdlog::warn(
          "{} is unavailable: limits per subject apply to each bridge "
          "separately: {}",
          server_, std::string(status.message()));
    } else if (!away_ && was_away) {
      spdlog::info("{}: limits per subject are shared by all bridges", server_);
    }
  }
  for (const QuestionPtr& question : left) std::move(question->done)(true);
}

}  // namespace sse_bridge
