#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bridge/cel/functions.h"
#include "bridge/cel/time_range.h"

namespace sse_bridge::cel {

namespace {

// The seconds since 1970 of the first and the last second of the range.
constexpr int64_t kFirstSecond = -62'135'596'800;
constexpr int64_t kLastSecond = 253'402'300'799;

// ".123456789" without zeros at its end; empty if there are none.
std::string Fraction(int64_t nanos) {
  if (nanos == 0) return "";
  std::string text = absl::StrFormat(".%09d", nanos);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

Result TimestampOfInt(Args args, const CallContext&) {
  if (args[0].int_value() < kFirstSecond || args[0].int_value() > kLastSecond) {
    return absl::OutOfRangeError("out of the range of timestamps");
  }
  return Value::Timestamp(absl::FromUnixSeconds(args[0].int_value()));
}

Result TimestampOfString(Args args, const CallContext& context) {
  const absl::string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  absl::Time time;
  std::string error;
  // ParseTime accepts "infinite-future", spaces around and lowercase letters.
  if (text.empty() || !absl::ascii_isdigit(text.front()) ||
      absl::ascii_isspace(text.back()) || absl::StrContains(text, 't') ||
      !absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
    return absl::InvalidArgumentError("the string is not a timestamp");
  }
  return CheckedTimestamp(time);
}

Result DurationOfString(Args args, const CallContext& context) {
  const absl::string_view text = args[0].string();
  if (absl::Status s = context.budget->Spend(text.size()); !s.ok()) return s;
  absl::Duration duration;
  // ParseDuration accepts "inf" and spaces around.
  if (text.empty() || absl::ascii_isspace(text.front()) ||
      absl::ascii_isspace(text.back()) || absl::StrContains(text, "inf") ||
      !absl::ParseDuration(text, &duration)) {
    return absl::InvalidArgumentError("the string is not a duration");
  }
  return CheckedDuration(duration);
}

Result DurationOfInt(Args args, const CallContext&) {
  return CheckedDuration(absl::Seconds(args[0].int_value()));
}

Result SameTime(Args args, const CallContext&) { return args[0]; }

// "+11:00", "-02:30", "02:00".
std::optional<absl::TimeZone> FixedZone(absl::string_view name) {
  int sign = 1;
  if (!name.empty() && (name[0] == '+' || name[0] == '-')) {
    sign = name[0] == '-' ? -1 : 1;
    name.remove_prefix(1);
  }
  int hours = 0;
  int minutes = 0;
  if (name.size() != 5 || name[2] != ':' || !absl::ascii_isdigit(name[0]) ||
      !absl::ascii_isdigit(name[3]) ||
      !absl::SimpleAtoi(name.substr(0, 2), &hours) ||
      !absl::SimpleAtoi(name.substr(3), &minutes) || hours > 23 ||
      minutes > 59) {
    return std::nullopt;
  }
  return absl::FixedTimeZone(sign * (hours * 60 + minutes) * 60);
}

// The names of time zones are files below zoneinfo: no others are opened.
bool IsZoneName(absl::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/') return false;
  for (const char c : name) {
    if (!absl::ascii_isalnum(c) && c != '/' && c != '_' && c != '-' &&
        c != '+') {
      return false;
    }
  }
  return true;
}

absl::StatusOr<absl::TimeZone> ZoneOf(Args args, const CallContext& context) {
  if (args.size() < 2) return absl::UTCTimeZone();
  const absl::string_view name = args[1].string();
  if (const std::optional<absl::TimeZone> fixed = FixedZone(name)) {
    return *fixed;
  }
  // It is read from a file, once.
  if (absl::Status s = context.budget->Spend(1000); !s.ok()) return s;
  absl::TimeZone zone;
  if (!IsZoneName(name) || !absl::LoadTimeZone(std::string(name), &zone)) {
    return absl::InvalidArgumentError("an unknown time zone");
  }
  return zone;
}

// `Get` reads a part of the civil time.
template <int64_t (*Get)(const absl::TimeZone::CivilInfo&)>
Result PartOfTimestamp(Args args, const CallContext& context) {
  const absl::StatusOr<absl::TimeZone> zone = ZoneOf(args, context);
  if (!zone.ok()) return zone.status();
  return Value::Int(Get(zone->At(args[0].timestamp())));
}

using Civil = absl::TimeZone::CivilInfo;
int64_t FullYear(const Civil& civil) { return civil.cs.year(); }
int64_t Month(const Civil& civil) { return civil.cs.month() - 1; }
int64_t Date(const Civil& civil) { return civil.cs.day(); }
int64_t DayOfMonth(const Civil& civil) { return civil.cs.day() - 1; }
int64_t DayOfYear(const Civil& civil) {
  return absl::GetYearDay(absl::CivilDay(civil.cs)) - 1;
}
int64_t DayOfWeek(const Civil& civil) {
  // Sunday is 0 in CEL, and Monday in Abseil.
  return (static_cast<int64_t>(absl::GetWeekday(absl::CivilDay(civil.cs))) +
          1) %
         7;
}
int64_t Hours(const Civil& civil) { return civil.cs.hour(); }
int64_t Minutes(const Civil& civil) { return civil.cs.minute(); }
int64_t Seconds(const Civil& civil) { return civil.cs.second(); }
int64_t Milliseconds(const Civil& civil) {
  return absl::ToInt64Milliseconds(civil.subsecond);
}

Result DurationHours(Args args, const CallContext&) {
  return Value::Int(absl::ToInt64Hours(args[0].duration()));
}
Result DurationMinutes(Args args, const CallContext&) {
  return Value::Int(absl::ToInt64Minutes(args[0].duration()));
}
Result DurationSeconds(Args args, const CallContext&) {
  return Value::Int(absl::ToInt64Seconds(args[0].duration()));
}
// Those beyond the whole seconds.
Result DurationMilliseconds(Args args, const CallContext&) {
  return Value::Int(
      absl::ToInt64Milliseconds(args[0].duration() % absl::Seconds(1)));
}

}  // namespace

Result CheckedTimestamp(absl::Time time) {
  if (time < absl::FromUnixSeconds(kFirstSecond) ||
      time >= absl::FromUnixSeconds(kLastSecond + 1)) {
    return absl::OutOfRangeError("out of the range of timestamps");
  }
  return Value::Timestamp(time);
}

Result CheckedDuration(absl::Duration duration) {
  if (duration > absl::Nanoseconds(std::numeric_limits<int64_t>::max()) ||
      duration < absl::Nanoseconds(std::numeric_limits<int64_t>::min())) {
    return absl::OutOfRangeError("out of the range of durations");
  }
  return Value::Duration(duration);
}

std::string TimestampText(absl::Time time) {
  const absl::TimeZone::CivilInfo civil = absl::UTCTimeZone().At(time);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d%sZ", civil.cs.year(),
                         civil.cs.month(), civil.cs.day(), civil.cs.hour(),
                         civil.cs.minute(), civil.cs.second(),
                         Fraction(absl::ToInt64Nanoseconds(civil.subsecond)));
}

std::string DurationText(absl::Duration duration) {
  absl::Duration rest;
  const int64_t seconds =
      absl::IDivDuration(absl::AbsDuration(duration), absl::Seconds(1), &rest);
  return absl::StrCat(duration < absl::ZeroDuration() ? "-" : "", seconds,
                      Fraction(absl::ToInt64Nanoseconds(rest)), "s");
}

absl::Span<const Overload> TimeFunctions() {
  static constexpr Overload kFunctions[] = {
      {"timestamp", false, "t", 't', SameTime},
      {"timestamp", false, "i", 't', TimestampOfInt},
      {"timestamp", false, "s", 't', TimestampOfString},
      {"duration", false, "D", 'D', SameTime},
      {"duration", false, "s", 'D', DurationOfString},
      {"duration", false, "i", 'D', DurationOfInt},
      {"getFullYear", true, "t", 'i', PartOfTimestamp<FullYear>},
      {"getFullYear", true, "ts", 'i', PartOfTimestamp<FullYear>},
      {"getMonth", true, "t", 'i', PartOfTimestamp<Month>},
      {"getMonth", true, "ts", 'i', PartOfTimestamp<Month>},
      {"getDate", true, "t", 'i', PartOfTimestamp<Date>},
      {"getDate", true, "ts", 'i', PartOfTimestamp<Date>},
      {"getDayOfMonth", true, "t", 'i', PartOfTimestamp<DayOfMonth>},
      {"getDayOfMonth", true, "ts", 'i', PartOfTimestamp<DayOfMonth>},
      {"getDayOfYear", true, "t", 'i', PartOfTimestamp<DayOfYear>},
      {"getDayOfYear", true, "ts", 'i', PartOfTimestamp<DayOfYear>},
      {"getDayOfWeek", true, "t", 'i', PartOfTimestamp<DayOfWeek>},
      {"getDayOfWeek", true, "ts", 'i', PartOfTimestamp<DayOfWeek>},
      {"getHours", true, "t", 'i', PartOfTimestamp<Hours>},
      {"getHours", true, "ts", 'i', PartOfTimestamp<Hours>},
      {"getMinutes", true, "t", 'i', PartOfTimestamp<Minutes>},
      {"getMinutes", true, "ts", 'i', PartOfTimestamp<Minutes>},
      {"getSeconds", true, "t", 'i', PartOfTimestamp<Seconds>},
      {"getSeconds", true, "ts", 'i', PartOfTimestamp<Seconds>},
      {"getMilliseconds", true, "t", 'i', PartOfTimestamp<Milliseconds>},
      {"getMilliseconds", true, "ts", 'i', PartOfTimestamp<Milliseconds>},
      {"getHours", true, "D", 'i', DurationHours},
      {"getMinutes", true, "D", 'i', DurationMinutes},
      {"getSeconds", true, "D", 'i', DurationSeconds},
      {"getMilliseconds", true, "D", 'i', DurationMilliseconds},
  };
  return kFunctions;
}

}  // namespace sse_bridge::cel
