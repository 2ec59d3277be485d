#include "bridge/schema/request_types.h"

namespace sse_bridge {

namespace pb = ::google::protobuf;

bool RequestTypes::Contains(const pb::Descriptor* request) {
  // A message that was seen before has been followed to its end.
  if (!parents_.contains(request)) {
    parents_[request];
    std::vector<Message> waiting = {request};
    while (!waiting.empty()) {
      const Message type = waiting.back();
      waiting.pop_back();
      bool marked = has_(type);
      for (int i = 0; i < type->field_count(); ++i) {
        const Message inner = type->field(i)->message_type();
        if (inner == nullptr) continue;
        const auto [it, is_new] = parents_.try_emplace(inner);
        it->second.push_back(type);
        if (is_new) waiting.push_back(inner);
        marked = marked || marked_.contains(inner);
      }
      if (marked) Mark(type);
    }
  }
  return marked_.contains(request);
}

void RequestTypes::Mark(Message message) {
  if (!marked_.insert(message).second) return;
  std::vector<Message> waiting = {message};
  while (!waiting.empty()) {
    const Message next = waiting.back();
    waiting.pop_back();
    const auto it = parents_.find(next);
    if (it == parents_.end()) continue;
    for (const Message parent : it->second) {
      if (marked_.insert(parent).second) waiting.push_back(parent);
    }
  }
}

void RequestTypes::ForEach(
    const pb::Descriptor* request,
    const std::function<void(const pb::Descriptor*)>& visit) {
  absl::flat_hash_set<Message> seen = {request};
  std::vector<Message> waiting = {request};
  while (!waiting.empty()) {
    const Message type = waiting.back();
    waiting.pop_back();
    visit(type);
    for (int i = 0; i < type->field_count(); ++i) {
      const Message inner = type->field(i)->message_type();
      if (inner != nullptr && seen.insert(inner).second) {
        waiting.push_back(inner);
      }
    }
  }
}

}  // namespace sse_bridge
