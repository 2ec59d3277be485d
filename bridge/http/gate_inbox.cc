#include "bridge/http/gate_inbox.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sse_bridge {

void GateInbox::Open(int epoll_fd, int wake_fd) {
  MutexLock lock(&mu_);
  open_ = true;
  epoll_fd_ = epoll_fd;
  wake_fd_ = wake_fd;
}

std::vector<GateInbox::Item> GateInbox::Take() {
  MutexLock lock(&mu_);
  return std::exchange(items_, {});
}

std::vector<GateInbox::Item> GateInbox::Close() {
  MutexLock lock(&mu_);
  open_ = false;
  return std::exchange(items_, {});
}

void GateInbox::SendUnlessDetached(uint64_t handle, int fd, const char* bytes,
                                   size_t size) {
  // Detach needs the lock: whoever gets the descriptor writes after this.
  MutexLock lock(&mu_);
  for (const Item& item : items_) {
    if (item.handle == handle && item.what == Item::What::kDetached) return;
  }
  [[maybe_unused]] const ssize_t n =
      send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void GateInbox::Wake() {
  MutexLock lock(&mu_);
  if (open_) WakeLocked();
}

void GateInbox::StartDraining() {
  MutexLock lock(&mu_);
  draining_ = true;
  if (open_) WakeLocked();
}

bool GateInbox::draining() {
  MutexLock lock(&mu_);
  return draining_;
}

void GateInbox::WakeLocked() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_fd_, &one, sizeof one);
}

void GateInbox::Add(Item item) {
  const bool first = items_.empty();
  items_.push_back(std::move(item));
  if (first) WakeLocked();
}

bool GateInbox::Post(Item item) {
  MutexLock lock(&mu_);
  if (open_) Add(std::move(item));
  return open_;
}

bool GateInbox::Detach(uint64_t handle, int fd) {
  MutexLock lock(&mu_);
  if (!open_) return false;
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  Add({Item::What::kDetached, handle, {}});
  return true;
}

void GateLink::Hold(size_t bytes) {
  inbox_->Post({GateInbox::Item::What::kHeld, handle_, {}, false, bytes});
}

void GateLink::Answer(std::string bytes, bool keep_alive) {
  inbox_->Post(
      {GateInbox::Item::What::kAnswer, handle_, std::move(bytes), keep_alive});
}

int GateLink::Detach(std::unique_ptr<Transport>* transport) {
  if (!inbox_->Detach(handle_, fd_)) return -1;
  if (tls_ != nullptr) *transport = std::move(tls_->transport);
  return fd_;
}

}  // namespace sse_bridge
