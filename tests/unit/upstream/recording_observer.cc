#include "tests/unit/upstream/recording_observer.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace sse_bridge {
namespace {

// Ends the test program if calls overlap.
class Serial {
 public:
  explicit Serial(std::atomic<bool>* busy) : busy_(busy) {
    if (busy_->exchange(true)) {
      std::fprintf(stderr, "an observer was called twice at once\n");
      std::abort();
    }
  }
  ~Serial() { busy_->store(false); }

 private:
  std::atomic<bool>* const busy_;
};

}  // namespace

void RecordingObserver::Attach(std::shared_ptr<StreamCall> call) {
  {
    MutexLock lock(&mu_);
    if (done_) return;
    call_ = call;
    if (!std::exchange(read_owed_, false)) return;
  }
  call->Read();
}

void RecordingObserver::OnOpen() {
  Serial serial(&busy_);
  MutexLock lock(&mu_);
  open_ = true;
  events_.push_back("open");
}

void RecordingObserver::OnMessage(absl::Span<const absl::string_view> slices) {
  Serial serial(&busy_);
  std::shared_ptr<StreamCall> call;
  {
    MutexLock lock(&mu_);
    std::string bytes;
    for (absl::string_view slice : slices) {
      bytes.append(slice.data(), slice.size());
    }
    ++messages_;
    if (bytes.size() <= 64) events_.push_back("message " + bytes);
    if (auto_read_) {
      call = call_;
      read_owed_ = call == nullptr;
    }
  }
  if (call != nullptr) call->Read();
}

void RecordingObserver::OnDone(const absl::Status& status) {
  Serial serial(&busy_);
  std::shared_ptr<StreamCall> call;
  MutexLock lock(&mu_);
  if (done_) {
    std::fprintf(stderr, "OnDone came twice\n");
    std::abort();
  }
  done_ = true;
  status_ = status;
  events_.push_back("done");
  call = std::move(call_);
  changed_.notify_all();
}

std::vector<std::string> RecordingObserver::events() const {
  MutexLock lock(&mu_);
  return events_;
}

int RecordingObserver::messages() const {
  MutexLock lock(&mu_);
  return messages_;
}

bool RecordingObserver::open() const {
  MutexLock lock(&mu_);
  return open_;
}

bool RecordingObserver::done() const {
  MutexLock lock(&mu_);
  return done_;
}

absl::Status RecordingObserver::WaitDone() {
  const std::chrono::steady_clock::time_point end =
      std::chrono::steady_clock::now() + std::chrono::seconds(30);
  MutexLock lock(&mu_);
  while (!done_) {
    if (changed_.wait_until(mu_, end) == std::cv_status::timeout && !done_) {
      return absl::InternalError("OnDone does not come");
    }
  }
  return status_;
}

}  // namespace sse_bridge
