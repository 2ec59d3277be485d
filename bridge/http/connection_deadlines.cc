#include "bridge/http/connection_deadlines.h"

#include <algorithm>
#include <limits>

namespace sse_bridge {

void ConnectionDeadlines::Set(Http1Connection* connection, List list,
                              int64_t now_ns) {
  Clear(connection);
  auto& to = lists_[list];
  connection->list = list;
  connection->deadline_ns = now_ns + to.length_ns;
  connection->previous = to.last;
  connection->next = nullptr;
  (to.last == nullptr ? to.first : to.last->next) = connection;
  to.last = connection;
}

void ConnectionDeadlines::Clear(Http1Connection* connection) {
  if (connection->list < 0) return;
  auto& from = lists_[connection->list];
  (connection->previous == nullptr ? from.first : connection->previous->next) =
      connection->next;
  (connection->next == nullptr ? from.last : connection->next->previous) =
      connection->previous;
  connection->previous = connection->next = nullptr;
  connection->list = -1;
}

Http1Connection* ConnectionDeadlines::Overdue(int64_t now_ns) const {
  for (const auto& list : lists_) {
    if (list.first != nullptr && list.first->deadline_ns <= now_ns) {
      return list.first;
    }
  }
  return nullptr;
}

int64_t ConnectionDeadlines::Next() const {
  int64_t next = std::numeric_limits<int64_t>::max();
  for (const auto& list : lists_) {
    if (list.first != nullptr) next = std::min(next, list.first->deadline_ns);
  }
  return next;
}

}  // namespace sse_bridge
