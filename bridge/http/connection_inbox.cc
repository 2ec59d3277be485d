#include "bridge/http/connection_inbox.h"

#include <sys/uio.h>

namespace sse_bridge {

void ConnectionInbox::Open(EventLoop* loop) {
  MutexLock lock(&mu_);
  loop_ = loop;
}

void ConnectionInbox::Close() {
  MutexLock lock(&mu_);
  loop_ = nullptr;
}

void ConnectionInbox::SendUnlessDetached(SharedSocket* shared,
                                         absl::string_view bytes) {
  // Hold the lock so that Detach waits: the new owner of the socket must write
  // after this.
  MutexLock lock(&mu_);
  if (shared->socket == nullptr || !shared->unsent.empty()) return;
  const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  const ssize_t n = shared->socket->Send(&part, 1);
  if (n > 0) shared->unsent = std::string(bytes.substr(n));
}

void ConnectionInbox::WatchUnlessDetached(const SharedSocket& shared,
                                          uint64_t connection,
                                          uint32_t events) {
  MutexLock lock(&mu_);
  if (loop_ == nullptr || shared.socket == nullptr) return;
  loop_->poller()->Modify(shared.socket->fd(), connection, events);
}

void ConnectionInbox::StartDraining() {
  MutexLock lock(&mu_);
  draining_ = true;
  if (loop_ != nullptr) loop_->Wake();
}

bool ConnectionInbox::draining() {
  MutexLock lock(&mu_);
  return draining_;
}

void ConnectionInbox::PostLocked(ListenerCommand command) {
  // Wake it before the lock is released: the listener may be destroyed
  // afterwards.
  if (mailbox_.Post(std::move(command)) ==
      Mailbox<ListenerCommand>::Posted::kWakeNeeded) {
    loop_->Wake();
  }
}

bool ConnectionInbox::Post(ListenerCommand command) {
  MutexLock lock(&mu_);
  if (loop_ == nullptr) return false;
  PostLocked(std::move(command));
  return true;
}

std::unique_ptr<Socket> ConnectionInbox::Detach(uint64_t connection,
                                                SharedSocket* shared) {
  MutexLock lock(&mu_);
  if (loop_ == nullptr || shared->socket == nullptr) return nullptr;
  loop_->poller()->Remove(shared->socket->fd());
  PostLocked(DetachedCommand{connection});
  if (!shared->unsent.empty()) return nullptr;  // closed with its handle
  return std::move(shared->socket);
}

void Http1ConnectionHandle::Hold(size_t bytes) {
  inbox_->Post(HeldCommand{handle_, bytes});
}

void Http1ConnectionHandle::Answer(std::string bytes, bool keep_alive) {
  inbox_->Post(AnswerCommand{handle_, std::move(bytes), keep_alive});
}

std::unique_ptr<Socket> Http1ConnectionHandle::Detach() {
  return inbox_->Detach(handle_, shared_.get());
}

}  // namespace sse_bridge
