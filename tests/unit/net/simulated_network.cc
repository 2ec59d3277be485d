#include "tests/unit/net/simulated_network.h"

#include <errno.h>
#include <sys/epoll.h>

#include <algorithm>
#include <deque>
#include <limits>

#include "absl/strings/str_cat.h"
#include "bridge/net/event_loop.h"

namespace sse_bridge {
namespace {

constexpr int64_t kNever = EventLoop::kNever;

// A loop that spins, or a test that never ends, is stopped.
constexpr int kMaxSteps = 1'000'000;
constexpr size_t kMaxTraceBytes = size_t{4} << 20;

}  // namespace

class SimulatedPoller final : public Poller {
 public:
  explicit SimulatedPoller(SimulatedNetwork* network) : network_(network) {
    network_->pollers_.push_back(this);
  }
  ~SimulatedPoller() override { std::erase(network_->pollers_, this); }

  absl::Status Start() override {
    started_ = true;
    return absl::OkStatus();
  }

  int Add(int fd, uint64_t data, uint32_t events) override {
    if (!network_->sockets_.contains(fd)) return EBADF;
    const bool is_new =
        watched_.emplace(fd, Watched{data, events, /*edge=*/true}).second;
    return is_new ? 0 : EEXIST;
  }

  int Modify(int fd, uint64_t data, uint32_t events) override {
    const auto it = watched_.find(fd);
    if (it == watched_.end()) return ENOENT;
    it->second = {data, events, /*edge=*/true};
    return 0;
  }

  void Remove(int fd) override { watched_.erase(fd); }

  // Never waits. The seed decides the order of the events.
  int Wait(epoll_event* events, int64_t /*nanos*/) override {
    int n = 0;
    if (std::exchange(woken_, false)) {
      events[n].events = EPOLLIN;
      events[n++].data.u64 = kWakeData;
    }
    for (auto& [fd, watched] : watched_) {
      const uint32_t state = Reportable(fd, watched);
      if (state == 0) {
        watched.edge = false;
        continue;
      }
      if (n == kMaxEvents) break;
      watched.edge = false;
      events[n].events = state;
      events[n++].data.u64 = watched.data;
    }
    for (int i = n; i > 1; --i) {
      std::swap(events[i - 1], events[network_->Random(i)]);
    }
    return n;
  }

  void Wake() override { woken_ = started_; }

  void Changed(int fd) {
    const auto it = watched_.find(fd);
    if (it != watched_.end()) it->second.edge = true;
  }

  bool IsReady() const {
    return woken_ ||
           std::any_of(watched_.begin(), watched_.end(),
                       [this](const auto& each) {
                         return Reportable(each.first, each.second) != 0;
                       });
  }

  // Null if the loop does not run.
  EventLoop* loop = nullptr;
  // When the loop's next round must begin.
  int64_t until = EventLoop::kNever;
  // Whether the loop must still prepare to wait.
  bool is_awake = false;

 private:
  struct Watched {
    uint64_t data;
    uint32_t events;
    bool edge;
  };

  uint32_t Reportable(int fd, const Watched& watched) const {
    if ((watched.events & EPOLLET) != 0 && !watched.edge) return 0;
    return network_->sockets_.at(fd)() & (watched.events | EPOLLERR | EPOLLHUP);
  }

  SimulatedNetwork* const network_;
  bool started_ = false;
  bool woken_ = false;
  std::map<int, Watched> watched_;
};

class SimulatedNetwork::Listener final : public ListeningSocket {
 public:
  explicit Listener(SimulatedNetwork* network)
      : network_(network), fd_(network->Register([this]() -> uint32_t {
          return waiting_.empty() ? 0u : uint32_t{EPOLLIN};
        })) {
    network_->listener_ = this;
  }
  ~Listener() override {
    network_->listener_ = nullptr;
    network_->Unregister(fd_);
    // The destructors of the sockets reset those that have sent something.
  }

  int fd() const override { return fd_; }

  Result Accept(AcceptedConnection* connection) override {
    if (waiting_.empty()) return Result::kNone;
    if (network_->OneIn(16)) return Result::kRetry;
    const size_t max = network_->options_.max_sockets;
    // Those that wait have no descriptor yet.
    if (max != 0 && network_->open_sockets() - waiting_.size() >= max) {
      return Result::kNoDescriptors;
    }
    *connection = std::move(waiting_.front());
    waiting_.pop_front();
    return Result::kAccepted;
  }
  bool KeepReserve() override { return true; }
  std::unique_ptr<Socket> AcceptWithReserve() override {
    if (waiting_.empty()) return nullptr;
    std::unique_ptr<Socket> newest = std::move(waiting_.front().socket);
    waiting_.pop_front();
    return newest;
  }
  bool RefuseNewHandshakes() override {
    network_->listener_ = nullptr;
    return true;
  }

  void Add(std::unique_ptr<Socket> socket, std::string address) {
    waiting_.push_back({std::move(socket), std::move(address)});
    network_->Changed(fd_);
  }

 private:
  SimulatedNetwork* const network_;
  std::deque<AcceptedConnection> waiting_;
  const int fd_;
};

SimulatedNetwork::SimulatedNetwork(uint64_t seed, Options options)
    : options_(options), random_(seed) {}

SimulatedNetwork::~SimulatedNetwork() {
  // Clients that tasks own add further ones when they close.
  while (!tasks_.empty()) std::exchange(tasks_, {});
}

std::unique_ptr<Poller> SimulatedNetwork::NewPoller() {
  return std::make_unique<SimulatedPoller>(this);
}

bool SimulatedNetwork::Runs(EventLoop* loop) {
  auto* poller = static_cast<SimulatedPoller*>(loop->poller());
  poller->loop = loop;
  poller->is_awake = true;
  return true;
}

std::unique_ptr<ListeningSocket> SimulatedNetwork::Listen() {
  return std::make_unique<Listener>(this);
}

std::unique_ptr<SimulatedClient> SimulatedNetwork::Connect(
    const std::string& address) {
  auto connection = std::make_shared<SimulatedConnection>(this);
  if (listener_ == nullptr) {
    connection->Break();
  } else {
    connection->Open();
    listener_->Add(std::make_unique<SimulatedSocket>(connection), address);
  }
  return std::make_unique<SimulatedClient>(std::move(connection));
}

std::unique_ptr<SimulatedClient> SimulatedNetwork::NewConnection(
    std::unique_ptr<Socket>* socket) {
  auto connection = std::make_shared<SimulatedConnection>(this);
  connection->Open();
  *socket = std::make_unique<SimulatedSocket>(connection);
  return std::make_unique<SimulatedClient>(std::move(connection));
}

void SimulatedNetwork::After(absl::Duration delay, std::function<void()> task) {
  tasks_.emplace(
      std::pair(clock_.nanos + absl::ToInt64Nanoseconds(delay), ++tasks_added_),
      std::move(task));
}

absl::Duration SimulatedNetwork::RandomDelay(absl::Duration max) {
  return absl::Nanoseconds(
      static_cast<int64_t>(Random(absl::ToInt64Nanoseconds(max) + 1)));
}

int SimulatedNetwork::Register(State state) {
  sockets_.emplace(next_fd_, std::move(state));
  return next_fd_++;
}

void SimulatedNetwork::Unregister(int fd) {
  for (SimulatedPoller* poller : pollers_) poller->Remove(fd);
  sockets_.erase(fd);
}

void SimulatedNetwork::Changed(int fd) {
  for (SimulatedPoller* poller : pollers_) poller->Changed(fd);
}

int64_t SimulatedNetwork::NextTime() const {
  int64_t next = tasks_.empty() ? kNever : tasks_.begin()->first.first;
  for (const SimulatedPoller* poller : pollers_) {
    if (poller->loop != nullptr) next = std::min(next, poller->until);
  }
  return next;
}

bool SimulatedNetwork::Step() {
  std::vector<SimulatedPoller*> ready;
  for (SimulatedPoller* poller : pollers_) {
    if (poller->loop == nullptr) continue;
    if (std::exchange(poller->is_awake, false)) {
      poller->until = poller->loop->PrepareToWait();
    }
    if (poller->until <= clock_.nanos || poller->IsReady()) {
      ready.push_back(poller);
    }
  }
  const bool task_is_due =
      !tasks_.empty() && tasks_.begin()->first.first <= clock_.nanos;
  if (ready.empty() && !task_is_due) {
    const int64_t next = NextTime();
    if (next == kNever) return false;
    clock_.nanos = next;
    return true;
  }
  if (!task_is_due && !tasks_.empty() && OneIn(8)) {
    // The loops are late, but not by more than a network is.
    const int64_t next = tasks_.begin()->first.first;
    if (next - clock_.nanos <= absl::ToInt64Nanoseconds(options_.max_delay)) {
      clock_.nanos = next;
      return true;
    }
  }
  const size_t choice = Random(ready.size() + (task_is_due ? 1 : 0));
  if (choice == ready.size()) {
    Note("network");
    const auto task = tasks_.extract(tasks_.begin());
    task.mapped()();
    return true;
  }
  SimulatedPoller* poller = ready[choice];
  Note(absl::StrCat(
      "loop ",
      std::find(pollers_.begin(), pollers_.end(), poller) - pollers_.begin()));
  if (poller->loop->RunRound()) {
    poller->is_awake = true;
  } else {
    poller->loop = nullptr;
  }
  return true;
}

void SimulatedNetwork::Note(const std::string& what) {
  if (trace_.size() > kMaxTraceBytes) return;
  absl::StrAppend(&trace_, clock_.nanos, " ", what, " of ", sockets_.size(),
                  " sockets\n");
}

bool SimulatedNetwork::RunUntil(const std::function<bool()>& condition) {
  for (int i = 0; i < kMaxSteps; ++i) {
    if (condition()) return true;
    if (!Step()) return condition();
  }
  return false;
}

void SimulatedNetwork::RunFor(absl::Duration time) {
  const int64_t end = clock_.nanos + absl::ToInt64Nanoseconds(time);
  After(time, [] {});  // so that time passes
  RunUntil([this, end] { return clock_.nanos >= end; });
}

}  // namespace sse_bridge
