#include "tests/simulation/stream_model.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace sse_bridge {
namespace {

// How long an answer of the backend may be on its way.
constexpr absl::Duration kOnTheWay = absl::Seconds(2);

}  // namespace

void StreamModel::Connect(bool resumes, bool foreign, absl::Time now) {
  resumes_ = resumes;
  foreign_ = foreign;
  if (!resumes || foreign) {
    last_ = std::nullopt;
    floor_ = 0;
  }
  greeted_ = received_ = false;
  end_code_ = std::nullopt;
  values_.clear();
  connected_ = now;
}

void StreamModel::OnData(const std::string& text,
                         const std::string& last_event_id) {
  if (end_code_.has_value()) {
    return Fail("NothingAfterTheEnd", text, " after code ", *end_code_);
  }
  if (absl::StartsWith(text, "hello|")) return OnGreeting(text, last_event_id);
  const std::vector<std::string> parts = absl::StrSplit(text, '|');
  uint64_t number = 0;
  if (parts.size() != 4 || !absl::SimpleAtoi(parts[1], &number) ||
      parts[0] != topic_->name || number == 0 || number > topic_->last() ||
      topic_->events[number - 1].text != text) {
    return Fail("OwnEvents", "received ", text);
  }
  const TopicEvent& event = topic_->events[number - 1];
  if (!BackendTopic::Sees(event, user_)) {
    return Fail("OnlyTo", user_, " must not see ", text);
  }
  if (topic_->kind == TopicKind::kRoom && !greeted_) {
    return Fail("GreetingFirst", text, " before the greeting");
  }
  received_ = true;
  if (topic_->kind == TopicKind::kPrices) {
    OnValue(event);
  } else {
    OnNumbered(event, last_event_id);
  }
}

void StreamModel::OnGreeting(const std::string& text,
                             const std::string& last_event_id) {
  const std::vector<std::string> parts = absl::StrSplit(text, '|');
  uint64_t number = 0;
  if (topic_->kind != TopicKind::kRoom || parts.size() != 3 ||
      !absl::SimpleAtoi(parts[2], &number)) {
    return Fail("OwnEvents", "received ", text);
  }
  if (parts[1] != user_) return Fail("OnlyTo", "the greeting of ", parts[1]);
  if (greeted_ || received_) {
    return Fail("GreetingFirst", "a second greeting, or a late one");
  }
  greeted_ = true;
  if (foreign_) return;  // a reset follows
  if (!resumes_ || !last_.has_value()) {
    last_ = number;
    if (!last_event_id.empty() && topic_->NumberOf(last_event_id) != number) {
      Fail("Ids", "the greeting at ", number, " has id ", last_event_id);
    }
  } else if (!last_event_id.empty() &&
             topic_->NumberOf(last_event_id) != last_) {
    Fail("Ids", "resumed after ", *last_, ", greeted with ", last_event_id);
  }
}

void StreamModel::OnNumbered(const TopicEvent& event,
                             const std::string& last_event_id) {
  if (foreign_) return Fail("NoGap", "no reset after a foreign id");
  if (!last_event_id.empty() &&
      topic_->NumberOf(last_event_id) != event.number) {
    Fail("Ids", "event ", event.number, " has id ", last_event_id);
  }
  uint64_t expected = 0;
  if (last_.has_value()) {
    // There is one: the event itself comes after, or this is a duplicate.
    const TopicEvent* const next = topic_->NextFor(*last_, user_);
    expected = next == nullptr ? topic_->last() + 1 : next->number;
  } else if (topic_->kind == TopicKind::kJob) {
    expected = 1;
  } else {
    expected = event.number <= floor_ ? floor_ + 1 : event.number;
  }
  if (event.number > expected) {
    Fail("NoGap", "expected ", expected, ", received ", event.number);
  } else if (event.number < expected) {
    Fail("NoDuplicate", "expected ", expected, ", received ", event.number);
  }
  last_ = event.number;
}

void StreamModel::OnValue(const TopicEvent& event) {
  uint64_t& value = values_[event.key];
  // A call that follows another sends the values again, perhaps to a browser
  // that has joined the feed meanwhile.
  const bool again = topic_->called > connected_ - kOnTheWay;
  if (event.number < value || (event.number == value && !again)) {
    Fail("Newest", event.key, " is ", value, ", received ", event.number);
  }
  value = event.number;
  newest_[event.key] = event.number;
}

void StreamModel::OnReset() {
  if (end_code_.has_value()) return Fail("NothingAfterTheEnd", "reset");
  if (topic_->kind == TopicKind::kPrices) {
    return Fail("NoNeedlessReset", "there are no ids");
  }
  if (foreign_) {
    foreign_ = false;
    return;
  }
  // A browser that has received nothing may be told what the feed misses.
  if (last_.has_value() && topic_->kept_from <= *last_ + 1) {
    Fail("NoNeedlessReset", "received up to ", *last_,
         ", and the backend has all from ", topic_->kept_from);
  }
  if (last_.has_value()) floor_ = *last_;
  last_ = std::nullopt;
}

void StreamModel::OnEnd(int code) {
  if (end_code_.has_value()) {
    return Fail("NothingAfterTheEnd", "a second end");
  }
  end_code_ = code;
  // The bridge's own limits have this code, too.
  constexpr int kResourceExhausted = 8;
  if (topic_->kind == TopicKind::kJob && code == topic_->end_code &&
      code != kResourceExhausted && topic_->end_codes.empty() &&
      last_.value_or(0) != topic_->last()) {
    Fail("NoGap", "the end after ", last_.value_or(0), " of ", topic_->last());
  }
}

bool StreamModel::HasAll() const {
  if (finished_) return true;
  if (topic_->kind == TopicKind::kPrices) {
    for (const auto& [key, event] : topic_->Values()) {
      const auto it = values_.find(key);
      if (it == values_.end() || it->second != event->number) return false;
    }
    return true;
  }
  if (!last_.has_value()) return false;
  return topic_->NextFor(*last_, user_) == nullptr;
}

std::string StreamModel::Missing() const {
  if (!last_.has_value()) return absl::StrCat(topic_->name, " has nothing");
  return absl::StrCat(topic_->name, " is at ", *last_, " of ", topic_->last());
}

}  // namespace sse_bridge
