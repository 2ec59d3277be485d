#ifndef SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_DEADLINES_H_
#define SSE_BRIDGE_BRIDGE_HTTP_CONNECTION_DEADLINES_H_

#include <cstdint>

#include "absl/time/time.h"
#include "bridge/http/http1_connection.h"

namespace sse_bridge {

// The deadlines of the listener's connections: one intrusive list for each
// length of time. What is added to a list is due after all that is in it, so
// each is in order by itself and everything here is O(1), however many
// connections.
//
// Of the listener's thread. Times are monotonic nanoseconds.
class ConnectionDeadlines {
 public:
  enum List { kHead, kBody, kIdle, kWrite, kLinger, kRefused, kLists };

  void SetLength(List list, absl::Duration length) {
    lists_[list].length_ns = absl::ToInt64Nanoseconds(length);
  }

  // Moves the connection to the list's end. It must stay where it is in memory
  // until it is cleared.
  void Set(Http1Connection* connection, List list, int64_t now_ns);
  void Clear(Http1Connection* connection);

  // A connection that is overdue, or null.
  Http1Connection* Overdue(int64_t now_ns) const;

  // The one that is due first in the list, or null.
  Http1Connection* First(List list) const { return lists_[list].first; }

  // When the connection's deadline was set.
  int64_t SetAt(const Http1Connection& connection) const {
    return connection.deadline_ns - lists_[connection.list].length_ns;
  }

  // When the first of all is due; INT64_MAX: there is none.
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
