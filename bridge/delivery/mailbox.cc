#include "bridge/delivery/mailbox.h"

#include <utility>
#include <variant>

namespace sse_bridge {

Mailbox::Posted Mailbox::Post(Command&& command) {
  MutexLock lock(&mu_);
  if (closed_) return Posted::kRefused;
  if (const auto* publish = std::get_if<PublishCommand>(&command)) {
    const size_t size = publish->frame->size();
    bytes_ += size;
    backlog_bytes_.fetch_add(size, std::memory_order_relaxed);
  }
  commands_.push_back(std::move(command));
  return std::exchange(asleep_, false) ? Posted::kWakeNeeded : Posted::kQueued;
}

bool Mailbox::RequestStop() {
  MutexLock lock(&mu_);
  return !std::exchange(stopping_, true);
}

Mailbox::Waiting Mailbox::PrepareToSleep() {
  MutexLock lock(&mu_);
  if (stopping_) return Waiting::kStop;
  if (!commands_.empty()) return Waiting::kCommands;
  asleep_ = true;
  return Waiting::kNothing;
}

bool Mailbox::WokeUp() {
  MutexLock lock(&mu_);
  asleep_ = false;
  return stopping_;
}

bool Mailbox::Take(std::vector<Command>* batch, size_t* bytes) {
  MutexLock lock(&mu_);
  if (commands_.empty()) return false;
  batch->swap(commands_);
  *bytes = std::exchange(bytes_, 0);
  return true;
}

bool Mailbox::CloseIfEmpty() {
  MutexLock lock(&mu_);
  if (!commands_.empty()) return false;
  closed_ = true;
  return true;
}

}  // namespace sse_bridge
