#include "bridge/http/http_date.h"

#include <time.h>

#include "absl/strings/str_format.h"

namespace sse_bridge {

std::string HttpDate(int64_t unix_seconds) {
  // strftime would use the names of the locale.
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed",
                                   "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<time_t>(unix_seconds);
  tm utc{};
  gmtime_r(&seconds, &utc);
  return absl::StrFormat("%s, %02d %s %04d %02d:%02d:%02d GMT",
                         kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                         utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                         utc.tm_sec);
}

absl::string_view HttpDateNow() {
  thread_local int64_t made_at = -1;
  thread_local std::string text;
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != made_at) {
    made_at = now.tv_sec;
    text = HttpDate(made_at);
  }
  return text;
}

}  // namespace sse_bridge
