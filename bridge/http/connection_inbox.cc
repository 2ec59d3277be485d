#include "bridge/http/connection_inbox.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sse_bridge {

void ConnectionInbox::Open(int epoll_fd, int wake_fd) {
  MutexLock lock(&mu_);
  open_ = true;
  epoll_fd_ = epoll_fd;
  wake_fd_ = wake_fd;
}

std::vector<ConnectionInbox::Item> ConnectionInbox::Take() {
  MutexLock lock(&mu_);
  return std::exchange(items_, {});
}

std::vector<ConnectionInbox::Item> ConnectionInbox::Close() {
  MutexLock lock(&mu_);
  open_ = false;
  return std::exchange(items_, {});
}

void ConnectionInbox::SendUnlessDetached(uint64_t handle, int fd,
                                         const char* bytes, size_t size) {
  // Hold the lock so that Detach waits: the new owner of the descriptor must
  // write after this.
  MutexLock lock(&mu_);
  for (const Item& item : items_) {
    if (item.handle == handle && item.what == Item::What::kDetached) return;
  }
  [[maybe_unused]] const ssize_t n =
      send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ConnectionInbox::Wake() {
  MutexLock lock(&mu_);
  if (open_) WakeLocked();
}

void ConnectionInbox::StartDraining() {
  MutexLock lock(&mu_);
  draining_ = true;
  if (open_) WakeLocked();
}

bool ConnectionInbox::draining() {
  MutexLock lock(&mu_);
  return draining_;
}

void ConnectionInbox::WakeLocked() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_fd_, &one, sizeof one);
}

void ConnectionInbox::Add(Item item) {
  const bool first = items_.empty();
  items_.push_back(std::move(item));
  if (first) WakeLocked();
}

bool ConnectionInbox::Post(Item item) {
  MutexLock lock(&mu_);
  if (open_) Add(std::move(item));
  return open_;
}

bool ConnectionInbox::Detach(uint64_t handle, int fd) {
  MutexLock lock(&mu_);
  if (!open_) return false;
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  Add({Item::What::kDetached, handle, {}});
  return true;
}

void Http1ConnectionHandle::Hold(size_t bytes) {
  inbox_->Post({ConnectionInbox::Item::What::kHeld, handle_, {}, false, bytes});
}

void Http1ConnectionHandle::Answer(std::string bytes, bool keep_alive) {
  inbox_->Post({ConnectionInbox::Item::What::kAnswer, handle_, std::move(bytes),
                keep_alive});
}

std::unique_ptr<Socket> Http1ConnectionHandle::Detach() {
  if (!inbox_->Detach(handle_, fd_)) return nullptr;
  return std::move(shared_->socket);
}

}  // namespace sse_bridge
