#include "bridge/delivery/topic.h"

#include <utility>

#include "bridge/delivery/delivery.h"
#include "bridge/delivery/loop.h"
#include "bridge/delivery/topic_local.h"

namespace sse_bridge {

std::shared_ptr<Topic> Topic::Create(Delivery* delivery, Options options,
                                     std::weak_ptr<TopicObserver> observer) {
  return std::shared_ptr<Topic>(
      new Topic(delivery, options, std::move(observer)));
}

Topic::Topic(Delivery* delivery, Options options,
             std::weak_ptr<TopicObserver> observer)
    : delivery_(delivery),
      options_(options),
      observer_(std::move(observer)),
      locals_(new TopicLocal[delivery->loops_.size()]) {}

Topic::~Topic() = default;

void Topic::Publish(FramePtr frame) {
  if (!frame || frame->size() == 0) return;
  for (size_t i = 0; i < delivery_->loops_.size(); ++i) {
    // Relaxed order suffices: the caller orders its Attach calls before this
    // one.
    if (locals_[i].attached.load(std::memory_order_relaxed) == 0) continue;
    Loop::Command command;
    command.kind = Loop::Command::Kind::kPublish;
    command.topic = shared_from_this();
    command.frame = frame;
    delivery_->loops_[i]->Post(std::move(command));
  }
}

void Topic::Attach(ConnectionRef connection, MembershipOptions options,
                   std::vector<FramePtr> first, bool more) {
  if (!connection) return;
  Loop* const loop = connection.loop_;
  TopicLocal& local = locals_[loop->index()];
  local.attached.fetch_add(1, std::memory_order_relaxed);
  Loop::Command command;
  command.kind = Loop::Command::Kind::kAttach;
  command.slot = connection.slot_;
  command.generation = connection.generation_;
  command.topic = shared_from_this();
  command.attach = std::make_unique<Loop::Command::Attachment>();
  command.attach->options = options;
  command.attach->first = std::move(first);
  command.flag = more;
  if (!loop->Post(std::move(command))) {
    local.attached.fetch_sub(1, std::memory_order_relaxed);
  }
}

void Topic::Continue(ConnectionRef connection, std::vector<FramePtr> part,
                     bool more) {
  if (!connection) return;
  Loop::Command command;
  command.kind = Loop::Command::Kind::kContinue;
  command.slot = connection.slot_;
  command.generation = connection.generation_;
  command.topic = shared_from_this();
  command.attach = std::make_unique<Loop::Command::Attachment>();
  command.attach->first = std::move(part);
  command.flag = more;
  connection.loop_->Post(std::move(command));
}

void Topic::Detach(ConnectionRef connection) {
  if (!connection) return;
  Loop::Command command;
  command.kind = Loop::Command::Kind::kDetach;
  command.slot = connection.slot_;
  command.generation = connection.generation_;
  command.topic = shared_from_this();
  connection.loop_->Post(std::move(command));
}

void Topic::End(FramePtr last, bool error) {
  for (size_t i = 0; i < delivery_->loops_.size(); ++i) {
    if (locals_[i].attached.load(std::memory_order_relaxed) == 0) continue;
    Loop::Command command;
    command.kind = Loop::Command::Kind::kEnd;
    command.topic = shared_from_this();
    command.frame = last;
    command.flag = error;
    delivery_->loops_[i]->Post(std::move(command));
  }
}

}  // namespace sse_bridge
