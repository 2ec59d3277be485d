#ifndef SSE_BRIDGE_BRIDGE_CEL_BUDGET_H_
#define SSE_BRIDGE_BRIDGE_CEL_BUDGET_H_

#include <cstdint>

#include "absl/status/status.h"

namespace sse_bridge::cel {

// What evaluations may still cost. One unit pays for one step of evaluation, or
// for one byte that is compared, searched or created. Not thread-safe.
class Budget {
 public:
  explicit Budget(int64_t units) : left_(units) {}

  // Returns kResourceExhausted when the budget is used up. Such an error ends
  // the evaluation: && and || do not absorb it.
  absl::Status Spend(uint64_t units) {
    if (left_ >= 0 && units <= static_cast<uint64_t>(left_)) {
      left_ -= static_cast<int64_t>(units);
      return absl::OkStatus();
    }
    left_ = -1;
    return absl::ResourceExhaustedError("the expression costs too much");
  }

  // Units that are left; negative after an evaluation that cost too much.
  int64_t left() const { return left_; }

 private:
  int64_t left_;
};

}  // namespace sse_bridge::cel

#endif  // SSE_BRIDGE_BRIDGE_CEL_BUDGET_H_
