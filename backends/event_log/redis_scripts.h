#ifndef SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_SCRIPTS_H_
#define SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_SCRIPTS_H_

#include <string>

#include "absl/strings/str_cat.h"

namespace sse_bridge {

// Data of the event log in Redis. Every name begins with "log:".
//
//   log:last           the last id issued; ids are microseconds since 1970, or
//                      one more than the last if that is greater
//   log:e:TOPIC        stream of a topic's events: ID-0, field "p"
//   log:s:KEY          state
//   log:oldest         sorted set: topic -> id of its oldest event, or lower
//   log:trimmed        sorted set: topic -> id of its last deleted event
//   log:floor          the same for topics that are not in log:trimmed
//   log:w:WRITER       a writer's last batch and its results, for an hour
//
// Events and broadcasts of a topic are published as "eBEFORE ID PAYLOAD" or
// "bPAYLOAD" on the channel log:DB:TOPIC. Channels are shared by all of a
// server's databases.
//
// Only scripts change the data. A script is atomic, also in the append-only
// file, where its commands are one transaction.
inline std::string RedisChannelPrefix(int database) {
  return absl::StrCat("log:", database, ":");
}

// Creates the log if there is none.
inline constexpr char kRedisCreateScript[] = R"lua(
if redis.call('EXISTS', 'log:last') == 0 then
  local t = redis.call('TIME')
  local now = string.format('%.0f', t[1] * 1000000 + t[2])
  redis.call('SET', 'log:last', now)
  redis.call('SET', 'log:floor', now)
end
return redis.status_reply('OK')
)lua";

// Prefix of both scripts that delete events. If `max_marks` pushes out a
// topic's mark, the floor rises.
inline constexpr char kRedisMarkLua[] = R"lua(
local function mark(topic, id, max_marks)
  redis.call('ZADD', 'log:trimmed', 'GT', id, topic)
  if redis.call('ZCARD', 'log:trimmed') > max_marks then
    local gone = redis.call('ZPOPMIN', 'log:trimmed')
    local floor = tonumber(redis.call('GET', 'log:floor') or '0')
    if tonumber(gone[2]) > floor then
      redis.call('SET', 'log:floor', string.format('%.0f', gone[2]))
    end
  end
end
local function id_of(entry)
  return string.match(entry[1], '^%d+')
end
)lua";

// Applies a batch of writes exactly once. ARGV: writer, number of the batch,
// channel prefix, max_events, surplus, max_age_ms, max_marks; then for each
// write:
//   kind ("e": append, "b": broadcast), topic, payload,
//   condition ("", "absent", "equals"), its key, its value,
//   number of changes; for each: "set", "expiring" or "erase", key, value.
// Returns for each write {"ok", id or ""}, {"exists"}, {"none"} or {"differs",
// value}; nil if a later batch was already applied.
inline constexpr char kRedisWriteLua[] = R"lua(
local at = 0
local function arg()
  at = at + 1
  return ARGV[at]
end
local writer, batch = 'log:w:' .. arg(), tonumber(arg())
local channel = arg()
local max_events, surplus = tonumber(arg()), tonumber(arg())
local max_age_ms, max_marks = arg(), tonumber(arg())
local before = redis.call('GET', writer)
if before then
  before = cmsgpack.unpack(before)
  if before[1] == batch then return before[2] end
  if before[1] > batch then return false end
end
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local last = tonumber(redis.call('GET', 'log:last') or '0')

local function refusal(condition, key, value)
  if condition == '' then return nil end
  local present = redis.call('GET', 'log:s:' .. key)
  if condition == 'absent' then
    return present and {'exists'} or nil
  end
  if not present then return {'none'} end
  return present ~= value and {'differs', present} or nil
end

local function append(topic, payload)
  local stream = 'log:e:' .. topic
  local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  local prior = newest and id_of(newest) or string.format('%.0f', last)
  last = math.max(last + 1, now)
  local id = string.format('%.0f', last)
  redis.call('XADD', stream, id .. '-0', 'p', payload)
  redis.call('ZADD', 'log:oldest', 'NX', id, topic)
  local over = redis.call('XLEN', stream) - max_events
  if over > surplus then
    local gone = redis.call('XRANGE', stream, '-', '+', 'COUNT', over)
    redis.call('XTRIM', stream, 'MAXLEN', '=', max_events)
    mark(topic, id_of(gone[#gone]), max_marks)
  end
  redis.call('PUBLISH', channel .. topic,
             'e' .. prior .. ' ' .. id .. ' ' .. payload)
  return id
end

local results = {}
while at < #ARGV do
  local kind, topic, payload = arg(), arg(), arg()
  local refused = refusal(arg(), arg(), arg())
  local changes, id = tonumber(arg()), ''
  if kind == 'b' then
    redis.call('PUBLISH', channel .. topic, 'b' .. payload)
  elseif not refused and topic ~= '' then
    id = append(topic, payload)
  end
  for _ = 1, changes do
    local what, key, value = arg(), 'log:s:' .. arg(), arg()
    if refused then
      -- nothing
    elseif what == 'erase' then
      redis.call('DEL', key)
    elseif what == 'expiring' then
      redis.call('SET', key, value, 'PX', max_age_ms)
    else
      redis.call('SET', key, value)
    end
  end
  results[#results + 1] = refused or {'ok', id}
end
redis.call('SET', 'log:last', string.format('%.0f', last))
redis.call('SET', writer, cmsgpack.pack({batch, results}), 'EX', 3600)
return results
)lua";

// Deletes events that are too old, from at most `limit` topics. ARGV:
// max_age_us, max_marks, limit. Returns the number of topics checked.
inline constexpr char kRedisTrimLua[] = R"lua(
local t = redis.call('TIME')
local bound = string.format('%.0f', t[1] * 1000000 + t[2] - ARGV[1])
local topics = redis.call('ZRANGEBYSCORE', 'log:oldest', '-inf', '(' .. bound,
                          'LIMIT', 0, ARGV[3])
for _, topic in ipairs(topics) do
  local stream = 'log:e:' .. topic
  local gone = redis.call('XREVRANGE', stream, '(' .. bound .. '-0', '-',
                          'COUNT', 1)[1]
  if gone then
    redis.call('XTRIM', stream, 'MINID', '=', bound)
    mark(topic, id_of(gone), tonumber(ARGV[2]))
  end
  local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  if first then
    redis.call('ZADD', 'log:oldest', id_of(first), topic)
  else
    redis.call('DEL', stream)
    redis.call('ZREM', 'log:oldest', topic)
  end
end
return #topics
)lua";

inline std::string RedisWriteScript() {
  return absl::StrCat(kRedisMarkLua, kRedisWriteLua);
}
inline std::string RedisTrimScript() {
  return absl::StrCat(kRedisMarkLua, kRedisTrimLua);
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BACKENDS_EVENT_LOG_REDIS_SCRIPTS_H_
