#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_RANGE_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_RANGE_H_

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"

namespace sse_bridge {

// The bounds lt, lte, gt and gte of numbers and times.
template <typename T>
class Range {
 public:
  // `convert` makes a T of a bound.
  template <typename R, typename Convert>
  Range(const R& rules, Convert convert) {
    if (rules.has_lt()) upper_ = {convert(rules.lt()), false};
    if (rules.has_lte()) upper_ = {convert(rules.lte()), true};
    if (rules.has_gt()) lower_ = {convert(rules.gt()), false};
    if (rules.has_gte()) lower_ = {convert(rules.gte()), true};
  }

  bool empty() const { return !lower_.has_value() && !upper_.has_value(); }

  // An upper bound below the lower one excludes the values between them. NaN is
  // outside of every range.
  bool Contains(T x) const {
    const bool above = !lower_.has_value() || x > lower_->value ||
                       (lower_->inclusive && x == lower_->value);
    const bool below = !upper_.has_value() || x < upper_->value ||
                       (upper_->inclusive && x == upper_->value);
    return Exclusive() ? above || below : above && below;
  }

  // The rule that is broken: the lower bound, if there is one.
  std::string Field() const {
    if (lower_.has_value()) return lower_->inclusive ? "gte" : "gt";
    return upper_->inclusive ? "lte" : "lt";
  }

  // The end of its ID: "gt_lt_exclusive".
  std::string Id() const {
    std::string id = Field();
    if (lower_.has_value() && upper_.has_value()) {
      absl::StrAppend(&id, upper_->inclusive ? "_lte" : "_lt",
                      Exclusive() ? "_exclusive" : "");
    }
    return id;
  }

  template <typename Text>
  std::string Message(Text text) const {
    std::string out = "must be ";
    if (lower_.has_value()) {
      absl::StrAppend(&out, "greater than ",
                      lower_->inclusive ? "or equal to " : "",
                      text(lower_->value));
    }
    if (lower_.has_value() && upper_.has_value()) {
      absl::StrAppend(&out, Exclusive() ? " or " : " and ");
    }
    if (upper_.has_value()) {
      absl::StrAppend(&out, "less than ",
                      upper_->inclusive ? "or equal to " : "",
                      text(upper_->value));
    }
    return out;
  }

 private:
  struct Bound {
    T value;
    bool inclusive;
  };

  bool Exclusive() const {
    return lower_.has_value() && upper_.has_value() &&
           upper_->value < lower_->value;
  }

  std::optional<Bound> lower_;
  std::optional<Bound> upper_;
};

// "[1, 2]"
template <typename List, typename Text>
std::string ListText(const List& list, Text text) {
  std::string out = "[";
  for (const auto& item : list) {
    absl::StrAppend(&out, out.size() == 1 ? "" : ", ", text(item));
  }
  return out + "]";
}

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_VALIDATION_RANGE_H_
