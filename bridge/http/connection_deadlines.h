#ifndef SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_DEADLINES_H_
#define SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_DEADLINES_H_

#include <cstdint>

#include "absl/time/time.h"
#include "bridge/http/http1_connection.h"

namespace sse_bridge {

// The deadlines of the listener's connections: one intrusive list per timeout.
// A connection is appended to its list and is due after all others in it, so
// each list is sorted and every operation is O(1).
//
// Used on the listener's thread only. Times are monotonic nanoseconds.
class ConnectionDeadlines {
 public:
  enum List { kHead, kBody, kIdle, kWrite, kLinger, kRefused, kLists };

  void SetLength(List list, absl::Duration length) {
    lists_[list].length_ns = absl::ToInt64Nanoseconds(length);
  }

  // Moves the connection to the end of the list. It must not move in memory
  // until it is cleared.
  void Set(Http1Connection* connection, List list, int64_t now_ns);
  void Clear(Http1Connection* connection);

  // Returns an overdue connection, or null.
  Http1Connection* Overdue(int64_t now_ns) const;

  // Returns the connection that is due first in the list, or null.
  Http1Connection* First(List list) const { return lists_[list].first; }

  // Returns the time at which the connection's deadline was set.
  int64_t SetAt(const Http1Connection& connection) const {
    return connection.deadline_ns - lists_[connection.list].length_ns;
  }

  // Returns the earliest deadline, or INT64_MAX if there is none.
  int64_t Next() const;

 private:
  struct {
    Http1Connection* first = nullptr;
    Http1Connection* last = nullptr;
    int64_t length_ns = 0;
  } lists_[kLists];
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_DEADLINES_H_
