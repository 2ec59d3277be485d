#include "bridge/gateway/accept.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "bridge/feed/formats/sse.h"

namespace sse_bridge {
namespace {

using TypeAndSubtype = std::pair<absl::string_view, absl::string_view>;

TypeAndSubtype Split(absl::string_view text) {
  const TypeAndSubtype parts = absl::StrSplit(text, absl::MaxSplits('/', 1));
  return {absl::StripAsciiWhitespace(parts.first),
          absl::StripAsciiWhitespace(parts.second)};
}

// Returns how specifically a media range matches the content type, from 0 (no
// match) to 3 (exact match).
int Specificity(absl::string_view range, absl::string_view content_type) {
  const auto [type, subtype] = Split(range);
  const TypeAndSubtype offered = Split(content_type);
  if (type == "*") return 1;
  if (!absl::EqualsIgnoreCase(type, offered.first)) return 0;
  if (subtype == "*") return 2;
  return absl::EqualsIgnoreCase(subtype, offered.second) ? 3 : 0;
}

double Quality(const std::vector<absl::string_view>& parameters) {
  for (size_t i = 1; i < parameters.size(); ++i) {
    absl::string_view parameter = absl::StripAsciiWhitespace(parameters[i]);
    if (!absl::StartsWithIgnoreCase(parameter, "q=")) continue;
    double q = 0;
    if (!absl::SimpleAtod(parameter.substr(2), &q) || !(q >= 0)) return 0;
    return q > 1 ? 1 : q;
  }
  return 1;
}

}  // namespace

const OutputFormats::Entry* NegotiateFormat(
    const OutputFormats& formats,
    const std::vector<absl::string_view>& accept) {
  const absl::Span<const OutputFormats::Entry> offers = formats.entries();
  std::vector<int> specificity(offers.size(), 0);
  std::vector<double> quality(offers.size(), 0);
  bool any = false;
  for (absl::string_view header : accept) {
    for (absl::string_view item :
         absl::StrSplit(header, ',', absl::SkipWhitespace())) {
      any = true;
      const std::vector<absl::string_view> parameters =
          absl::StrSplit(item, ';');
      const double q = Quality(parameters);
      for (size_t i = 0; i < offers.size(); ++i) {
        const int match = Specificity(parameters[0], offers[i].content_type);
        if (match > specificity[i]) {
          specificity[i] = match;
          quality[i] = q;
        }
      }
    }
  }
  if (!any) return &offers[0];
  const OutputFormats::Entry* best = nullptr;
  double best_quality = 0;
  for (size_t i = 0; i < offers.size(); ++i) {
    if (quality[i] > best_quality) {
      best_quality = quality[i];
      best = &offers[i];
    }
  }
  return best;
}

bool PrefersEvents(const std::vector<absl::string_view>& accept) {
  double events = 0, others = 0;
  for (absl::string_view header : accept) {
    for (absl::string_view item :
         absl::StrSplit(header, ',', absl::SkipWhitespace())) {
      const std::vector<absl::string_view> parameters =
          absl::StrSplit(item, ';');
      double& quality = Specificity(parameters[0], SseFormat::kContentType) == 3
                            ? events
                            : others;
      quality = std::max(quality, Quality(parameters));
    }
  }
  return events > 0 && events >= others;
}

}  // namespace sse_bridge
