#include "bridge/delivery/topic.h"

#include <utility>

#include "bridge/delivery/command.h"
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
      locals_(new TopicLocal[delivery->threads()]) {
  for (int i = 0; i < delivery_->threads(); ++i) locals_[i].Init(this);
}

Topic::~Topic() = default;

TopicLocal& Topic::local(int loop) const { return locals_[loop]; }

void Topic::Publish(FramePtr frame) {
  if (!frame || frame->size() == 0) return;
  for (int i = 0; i < delivery_->threads(); ++i) {
    if (!locals_[i].has_attached()) continue;
    delivery_->loop(i)->Post(PublishCommand{shared_from_this(), frame});
  }
}

void Topic::Attach(ConnectionRef connection, MembershipOptions options,
                   std::vector<FramePtr> first, bool more) {
  if (!connection) return;
  Loop* const loop = connection.loop();
  TopicLocal& local = locals_[loop->index()];
  local.AddAttached();
  auto attachment = std::make_unique<AttachCommand::Attachment>();
  attachment->options = options;
  attachment->first = std::move(first);
  if (!loop->Post(AttachCommand{connection.id(), shared_from_this(),
                                std::move(attachment), more})) {
    local.RemoveAttached();
  }
}

void Topic::Continue(ConnectionRef connection, std::vector<FramePtr> part,
                     bool more) {
  if (!connection) return;
  connection.loop()->Post(ContinueCommand{
      connection.id(), shared_from_this(),
      std::make_unique<std::vector<FramePtr>>(std::move(part)), more});
}

void Topic::Detach(ConnectionRef connection) {
  if (!connection) return;
  connection.loop()->Post(DetachCommand{connection.id(), shared_from_this()});
}

void Topic::EndMember(ConnectionRef connection, FramePtr last, bool error) {
  if (!connection) return;
  auto ending = std::make_unique<EndMemberCommand::Ending>();
  ending->last = std::move(last);
  ending->error = error;
  connection.loop()->Post(
      EndMemberCommand{connection.id(), shared_from_this(), std::move(ending)});
}

void Topic::End(FramePtr last, bool error) {
  for (int i = 0; i < delivery_->threads(); ++i) {
    if (!locals_[i].has_attached()) continue;
    delivery_->loop(i)->Post(EndTopicCommand{shared_from_this(), last, error});
  }
}

}  // namespace sse_bridge
