#include <vector>

#include "tests/simulation/browser.h"
#include "tests/simulation/codes.h"

namespace sse_bridge {

bool Browser::MayEnd(const Part& part, int code) const {
  const BackendTopic& topic = part.model.topic();
  const absl::Time now = context_->network->clock()->WallTime();
  return topic.end_codes.contains(code) ||
         (topic.kind == TopicKind::kJob && code == topic.end_code) ||
         code == 8 ||  // too slow, or a limit
         (code == 14 &&
          context_->backend->last_away() > now - absl::Minutes(10)) ||
         // `enter` was not answered, after the stream had been.
         (code == 4 && topic.kind == TopicKind::kRoom &&
          asked_ <= context_->backend->healed_at()) ||
         // A renewal is given up.
         (code == 14 && topic.kind == TopicKind::kRoom &&
          context_->plan->give_up < absl::Minutes(1)) ||
         (code == 16 && now >= token_expires_) ||
         (code == 7 && topic.banned.contains(user_));
}

bool Browser::MayBeAnswered(int status) const {
  const Plan& plan = *context_->plan;
  const absl::Time now = context_->network->clock()->WallTime();
  switch (status) {
    case 401:
      if (now >= token_expires_) return true;
      break;
    case 429:
      if (plan.upstream_streams != 0 ||
          asked_ <= context_->backend->healed_at()) {
        return true;
      }
      break;
    case 503:
      if (plan.max_streams != 0 || context_->leaving ||
          context_->backend->down() ||
          context_->backend->last_away() >= asked_ - absl::Seconds(10)) {
        return true;
      }
      break;
    case 504:
      if (asked_ <= context_->backend->healed_at())
        return true;  // `enter` is not answered
      break;
    default:
      break;
  }
  for (const Part& part : parts_) {
    const BackendTopic& topic = part.model.topic();
    if (status == 403 && topic.banned.contains(user_)) return true;
    std::vector<int> codes(topic.end_codes.begin(), topic.end_codes.end());
    if (topic.kind == TopicKind::kJob) codes.push_back(topic.end_code);
    for (const int code : codes) {
      if (status == (code == 0 ? 204 : HttpStatusOf(code))) return true;
    }
  }
  return false;
}

}  // namespace sse_bridge
