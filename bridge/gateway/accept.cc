#include "bridge/gateway/accept.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace sse_bridge {
namespace {

struct Offer {
  absl::string_view type;
  absl::string_view subtype;
  StreamForm form;
};

// In the order of our preference.
constexpr std::array<Offer, 3> kOffers = {{
    {"text", "event-stream", StreamForm::kEvents},
    {"application", "x-ndjson", StreamForm::kLines},
    {"application", "json", StreamForm::kArray},
}};

// How exactly a range names the offer: 0 not at all, 3 in full.
int Specificity(absl::string_view range, const Offer& offer) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(range, absl::MaxSplits('/', 1));
  const absl::string_view type = absl::StripAsciiWhitespace(parts.first);
  const absl::string_view subtype = absl::StripAsciiWhitespace(parts.second);
  if (type == "*") return 1;
  if (!absl::EqualsIgnoreCase(type, offer.type)) return 0;
  if (subtype == "*") return 2;
  return absl::EqualsIgnoreCase(subtype, offer.subtype) ? 3 : 0;
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

std::optional<StreamForm> NegotiateStreamForm(
    const std::vector<absl::string_view>& accept) {
  std::array<int, kOffers.size()> specificity{};
  std::array<double, kOffers.size()> quality{};
  bool any = false;
  for (absl::string_view header : accept) {
    for (absl::string_view item :
         absl::StrSplit(header, ',', absl::SkipWhitespace())) {
      any = true;
      const std::vector<absl::string_view> parameters =
          absl::StrSplit(item, ';');
      const double q = Quality(parameters);
      for (size_t i = 0; i < kOffers.size(); ++i) {
        const int match = Specificity(parameters[0], kOffers[i]);
        if (match > specificity[i]) {
          specificity[i] = match;
          quality[i] = q;
        }
      }
    }
  }
  if (!any) return StreamForm::kEvents;
  std::optional<StreamForm> best;
  double best_quality = 0;
  for (size_t i = 0; i < kOffers.size(); ++i) {
    if (quality[i] > best_quality) {
      best_quality = quality[i];
      best = kOffers[i].form;
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
      double& quality =
          Specificity(parameters[0], kOffers[0]) == 3 ? events : others;
      quality = std::max(quality, Quality(parameters));
    }
  }
  return events > 0 && events >= others;
}

}  // namespace sse_bridge
