#include "bridge/http/connection_inbox.h"

#include <sys/socket.h>

namespace sse_bridge {

void ConnectionInbox::Open(Poller* poller) {
  MutexLock lock(&mu_);
  poller_ = poller;
}

std::vector<ConnectionInbox::Item> ConnectionInbox::Take() {
  MutexLock lock(&mu_);
  return std::exchange(items_, {});
}

std::vector<ConnectionInbox::Item> ConnectionInbox::Close() {
  MutexLock lock(&mu_);
  poller_ = nullptr;
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
  if (poller_ != nullptr) poller_->Wake();
}

void ConnectionInbox::StartDraining() {
  MutexLock lock(&mu_);
  draining_ = true;
  if (poller_ != nullptr) poller_->Wake();
}

bool ConnectionInbox::draining() {
  MutexLock lock(&mu_);
  return draining_;
}

void ConnectionInbox::Add(Item item) {
  const bool first = items_.empty();
  items_.push_back(std::move(item));
  if (first) poller_->Wake();
}

bool ConnectionInbox::Post(Item item) {
  MutexLock lock(&mu_);
  if (poller_ == nullptr) return false;
  Add(std::move(item));
  return true;
}

bool ConnectionInbox::Detach(uint64_t handle, int fd) {
  MutexLock lock(&mu_);
  if (poller_ == nullptr) return false;
  poller_->Remove(fd);
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
