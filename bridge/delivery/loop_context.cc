#include "bridge/delivery/loop_context.h"

#include <cstddef>

#include "bridge/delivery/topic_local.h"

namespace sse_bridge {

LoopContext::LoopContext(Loop* loop, int index,
                         const Delivery::Options& options)
    : loop(loop),
      index(index),
      options(options),
      clock(options.clock),
      ping(Frame::Create(": ping\n\n", {.is_event = false})),
      last_chunk(Frame::Create("0\r\n\r\n", {.is_event = false})),
      now(options.clock->MonotonicNanos()),
      wheel(now),
      random(static_cast<uint32_t>(now / 1000 + index)) {}

double LoopContext::Random(double from, double to) {
  return std::uniform_real_distribution<double>(from, to)(random);
}

void LoopContext::ReportSent() {
  if (sent.empty()) return;
  std::vector<std::shared_ptr<Topic>> topics;
  topics.swap(sent);
  for (const std::shared_ptr<Topic>& topic : topics) {
    const size_t bytes = topic->local(index).TakeUnreported();
    if (const auto observer = topic->observer()) observer->OnSent(bytes);
  }
}

void LoopContext::ReportAsks() {
  if (asks.empty()) return;
  std::vector<std::pair<std::shared_ptr<Topic>, ConnectionRef>> todo;
  todo.swap(asks);
  for (const auto& [topic, connection] : todo) {
    if (const auto observer = topic->observer()) {
      observer->OnWantsMore(connection);
    }
  }
}

}  // namespace sse_bridge
