#include "bridge/app/route_table.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "bridge/config/setting_value.h"

namespace sse_bridge {
namespace {

constexpr size_t kColumns = 6;
using Row = std::array<std::string, kColumns>;

std::string EventOf(const Method& method) {
  if (!method.server_streaming) return "-";
  const sse::v1::Stream& stream = method.stream;
  std::string text = stream.event().empty() ? "(unnamed)" : stream.event();
  if (!stream.event_from().empty()) {
    text = absl::StrCat("from ", stream.event_from());
  }
  if (!stream.id_from().empty()) {
    absl::StrAppend(&text, " id=", stream.id_from());
  }
  return text;
}

std::string AccessOf(const Method& method) {
  const std::string admitted =
      method.admission == nullptr
          ? ""
          : absl::StrCat(", admitted by ",
                         method.admission->enter.method->full_name());
  if (!method.access.authenticated()) return absl::StrCat("public", admitted);
  std::vector<std::string> needs;
  for (const auto& group : method.access.scopes()) {
    needs.push_back(absl::StrCat("scope ", absl::StrJoin(group.any_of(), "|")));
  }
  for (const auto& group : method.access.roles()) {
    needs.push_back(absl::StrCat("role ", absl::StrJoin(group.any_of(), "|")));
  }
  if (needs.empty()) needs.push_back("any user");
  if (!method.access.subject_into().empty()) {
    needs.push_back(absl::StrCat("subject=", method.access.subject_into()));
  }
  return absl::StrCat(absl::StrJoin(needs, ", "), admitted);
}

std::string SharingOf(const Method& method) {
  if (!method.server_streaming) return "-";
  const sse::v1::Stream& stream = method.stream;
  if (!stream.shared()) return "exclusive";
  std::string text = stream.share_by().empty()
                         ? "shared"
                         : absl::StrCat("by ", stream.share_by());
  if (stream.snapshot().what() != sse::v1::Snapshot::NONE) {
    absl::StrAppend(&text, " snapshot=",
                    sse::v1::Snapshot::What_Name(stream.snapshot().what()));
  }
  if (!stream.only_to().empty()) {
    absl::StrAppend(&text, " only_to=", stream.only_to());
  }
  if (!stream.not_to().empty()) {
    absl::StrAppend(&text, " not_to=", stream.not_to());
  }
  return text;
}

std::string LimitsOf(const Method& method, const bridge::v1::Config& config) {
  if (!method.server_streaming) {
    return absl::StrCat(
        "timeout ", absl::FormatDuration(ToDuration(config.request_timeout())));
  }
  std::vector<std::string> limits = {absl::StrCat(
      "slow ",
      sse::v1::SlowConsumer::Policy_Name(method.stream.slow().policy()))};
  if (!method.stream.resume_into().empty()) {
    limits.push_back(absl::StrCat("resume ", method.stream.resume_into()));
  }
  if (method.admission != nullptr &&
      method.admission->renew > absl::ZeroDuration()) {
    limits.push_back(
        absl::StrCat("renew ", absl::FormatDuration(method.admission->renew),
                     " lease ", absl::FormatDuration(method.admission->lease)));
  }
  if (method.max_age.has_value()) {
    limits.push_back(
        absl::StrCat("max age ", absl::FormatDuration(*method.max_age)));
  }
  return absl::StrJoin(limits, ", ");
}

}  // namespace

std::string RouteTable(const Schema& schema, const bridge::v1::Config& config) {
  std::vector<Row> rows = {
      {"METHOD", "ROUTE", "EVENT", "ACCESS", "SHARING", "LIMITS"}};
  for (const Route* route : schema.routes()) {
    const Method& method = *route->method;
    rows.push_back({method.descriptor->full_name(),
                    absl::StrCat(route->verb, " ", route->path_template),
                    EventOf(method), AccessOf(method), SharingOf(method),
                    LimitsOf(method, config)});
  }
  std::array<size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < kColumns; ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string out;
  for (const Row& row : rows) {
    for (size_t i = 0; i < kColumns; ++i) {
      absl::StrAppend(&out, row[i]);
      if (i + 1 < kColumns) out.append(widths[i] + 2 - row[i].size(), ' ');
    }
    out += '\n';
  }
  if (schema.unserved().empty()) return out;
  absl::StrAppend(&out, "\nNOT SERVED (", schema.unserved().size(), ")\n");
  for (const UnservedMethod& method : schema.unserved()) {
    absl::StrAppend(&out, method.where, ": ", method.why.message(), "\n");
  }
  return out;
}

}  // namespace sse_bridge
