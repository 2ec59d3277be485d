#ifndef SSE_BRIDGE_BRIDGE_NET_DEADLINE_LISTS_H_
#define SSE_BRIDGE_BRIDGE_NET_DEADLINE_LISTS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace sse_bridge {

// The position of a T in DeadlineLists.
template <typename T>
struct DeadlineLink {
  int64_t at_ns = 0;
  int list = -1;  // -1 if it is in none
  T* previous = nullptr;
  T* next = nullptr;
};

// The deadlines of objects that share a few timeouts: one intrusive list per
// timeout. An object is appended to its list and is due after all others in it,
// so each list is sorted and every operation is O(1). Unlike a TimerWheel, the
// lists are exact and know which object has waited longest. Use a TimerWheel if
// each object has a timeout of its own.
//
// T has a member `DeadlineLink<T> deadline`. An object must not move in memory
// or be destroyed until it is cleared. Times are nanoseconds of one monotonic
// clock.
//
// Not thread-safe.
template <typename T, int kLists>
class DeadlineLists {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  DeadlineLists() = default;
  DeadlineLists(const DeadlineLists&) = delete;
  DeadlineLists& operator=(const DeadlineLists&) = delete;

  // Called before the list is used.
  void SetLength(int list, absl::Duration length) {
    lists_[list].length_ns = absl::ToInt64Nanoseconds(length);
  }

  // Moves the object to the end of the list. `now_ns` must not be less than in
  // an earlier call.
  void Set(T* object, int list, int64_t now_ns) {
    Clear(object);
    Ends& to = lists_[list];
    object->deadline = {now_ns + to.length_ns, list, to.last, nullptr};
    (to.last == nullptr ? to.first : to.last->deadline.next) = object;
    to.last = object;
  }

  // Has no effect if the object is in no list.
  void Clear(T* object) {
    DeadlineLink<T>& link = object->deadline;
    if (link.list < 0) return;
    Ends& from = lists_[link.list];
    (link.previous == nullptr ? from.first : link.previous->deadline.next) =
        link.next;
    (link.next == nullptr ? from.last : link.next->deadline.previous) =
        link.previous;
    link = {};
  }

  // Returns an object that is due, or null.
  T* Overdue(int64_t now_ns) const {
    for (const Ends& list : lists_) {
      if (list.first != nullptr && list.first->deadline.at_ns <= now_ns) {
        return list.first;
      }
    }
    return nullptr;
  }

  // Returns the object that is due first in the list, or null.
  T* First(int list) const { return lists_[list].first; }

  // Returns the time that Set was called with.
  int64_t SetAt(const T& object) const {
    return object.deadline.at_ns - lists_[object.deadline.list].length_ns;
  }

  // Returns the earliest deadline, or kNever.
  int64_t Next() const {
    int64_t next = kNever;
    for (const Ends& list : lists_) {
      if (list.first != nullptr) {
        next = std::min(next, list.first->deadline.at_ns);
      }
    }
    return next;
  }

 private:
  struct Ends {
    T* first = nullptr;
    T* last = nullptr;
    int64_t length_ns = 0;
  };

  std::array<Ends, kLists> lists_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_NET_DEADLINE_LISTS_H_
