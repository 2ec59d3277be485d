#include "backends/event_log/log_tail.h"

#include <utility>

namespace sse_bridge {
namespace {

constexpr size_t kBatch = 100;

}  // namespace

std::shared_ptr<LogTail> LogTail::Start(EventLog* log, std::string topic,
                                        std::string cursor, Reader reader) {
  std::shared_ptr<LogTail> tail(
      new LogTail(log, std::move(topic), std::move(cursor), std::move(reader)));
  EventLog::Subscription subscription = log->Subscribe(tail->topic_, tail);
  {
    MutexLock lock(&tail->mu_);
    tail->subscription_ = std::move(subscription);
  }
  return tail;
}

void LogTail::OnEvents() {
  SetNews();
  Continue();
}

void LogTail::Continue() {
  {
    MutexLock lock(&mu_);
    if (stopped_) return;
    again_ = true;
    if (pumping_) return;
    pumping_ = true;
  }
  for (;;) {
    {
      MutexLock lock(&mu_);
      if (stopped_ || !again_) {
        pumping_ = false;
        return;
      }
      again_ = false;
    }
    while (reader_.ready() && TakeNews()) {
      if (!HandOut()) {
        Stop();
        break;
      }
    }
  }
}

bool LogTail::TakeNews() {
  MutexLock lock(&mu_);
  return !stopped_ && std::exchange(news_, false);
}

void LogTail::SetNews() {
  MutexLock lock(&mu_);
  news_ = true;
}

bool LogTail::HandOut() {
  auto events = log_->Read(topic_, cursor_, kBatch);
  absl::Status status = events.status();
  if (status.ok() && reader_.prepare && !events->empty()) {
    status = reader_.prepare(*events);
  }
  if (!status.ok()) {
    reader_.failed(status);
    return false;
  }
  if (events->size() == kBatch) SetNews();
  // A batch is small enough to be delivered completely once begun.
  for (const LoggedEvent& event : *events) {
    if (!reader_.take(event)) return false;
    cursor_ = event.cursor;
  }
  return true;
}

void LogTail::Stop() {
  EventLog::Subscription dropped;
  MutexLock lock(&mu_);
  stopped_ = true;
  dropped.swap(subscription_);
}

void LogTail::OnBroadcast(const std::string& payload) {
  {
    MutexLock lock(&mu_);
    if (stopped_) return;
  }
  if (reader_.broadcast) reader_.broadcast(payload);
}

}  // namespace sse_bridge
