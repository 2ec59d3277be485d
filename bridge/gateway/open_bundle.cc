#include "bridge/gateway/open_bundle.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bridge/access/random_word.h"
#include "bridge/transcode/bad_request.h"

namespace sse_bridge {
namespace {

// Anonymous requests are all alike: whoever knows the id may change what
// anybody may read.
std::string OwnerKey(const std::optional<Identity>& identity) {
  if (!identity.has_value()) return "";
  return absl::StrCat(identity->subject, "\n", identity->token_id, "\n",
                      absl::ToUnixNanos(identity->expires));
}

absl::Status CannotChange(absl::string_view why) {
  return absl::AbortedError(
      absl::StrCat("the connection cannot be changed: ", why));
}

int CallsOf(const std::vector<MultiplexedFormat::Part>& parts) {
  size_t calls = 0;
  for (const MultiplexedFormat::Part& part : parts) calls += part.ids.size();
  return static_cast<int>(calls);
}

}  // namespace

OpenBundle::OpenBundle(const std::optional<Identity>& owner,
                       const std::vector<MultiplexedFormat::Part>& parts)
    : owner_(OwnerKey(owner)),
      changes_(std::make_shared<MultiplexedFormat::Changes>()) {
  MutexLock lock(&mu_);
  for (const MultiplexedFormat::Part& part : parts) {
    streams_.emplace(part.name, Stream{next_tag_, true});
    next_tag_ += static_cast<int>(part.ids.size());
  }
}

bool OpenBundle::BelongsTo(const std::optional<Identity>& identity) const {
  return owner_ == OwnerKey(identity);
}

std::string OpenBundle::Register(const std::shared_ptr<OpenBundles>& registry) {
  std::string id = RandomWord();
  if (id.empty()) return id;
  MutexLock lock(&mu_);
  registry_ = registry;
  id_ = id;
  return id;
}

void OpenBundle::Opened(Delivery* delivery, ConnectionRef connection,
                        ConnectionLimits::Lease lease) {
  MutexLock lock(&mu_);
  delivery_ = delivery;
  connection_ = connection;
  if (closed_) return;
  lease_ = std::move(lease);
  if (const auto registry = registry_.lock()) {
    registry->Add(id_, weak_from_this());
  }
}

void OpenBundle::Closed() {
  ConnectionLimits::Lease lease;
  std::shared_ptr<OpenBundles> registry;
  std::string id;
  {
    MutexLock lock(&mu_);
    closed_ = true;
    lease = std::move(lease_);
    registry = registry_.lock();
    id = id_;
  }
  if (registry != nullptr) registry->Remove(id);
}

absl::StatusOr<std::unique_ptr<OpenBundle::Reservation>> OpenBundle::Reserve(
    std::vector<MultiplexedFormat::Part> parts) {
  MutexLock lock(&mu_);
  if (closed_ || !connection_) return CannotChange("it has ended");
  if (streams_.size() + parts.size() > kMaxStreams) {
    return CannotChange(absl::StrCat("it may have ", kMaxStreams, " streams"));
  }
  if (CallsOf(parts) > kMaxCalls - next_tag_) {
    return CannotChange("it has been changed too often");
  }
  for (const MultiplexedFormat::Part& part : parts) {
    if (streams_.contains(part.name)) {
      return BadRequestError(
          "stream", absl::StrCat("the connection already has a stream ",
                                 QuoteForMessage(part.name)));
    }
  }
  const int tag = next_tag_;
  for (const MultiplexedFormat::Part& part : parts) {
    streams_[part.name].tag = next_tag_;
    next_tag_ += static_cast<int>(part.ids.size());
  }
  return std::make_unique<Reservation>(shared_from_this(), std::move(parts),
                                       tag);
}

OpenBundle::Reservation::~Reservation() {
  if (bundle_ != nullptr) bundle_->Unreserve(parts_);
}

ConnectionRef OpenBundle::Reservation::Add(ConnectionLimits::Lease lease) {
  const std::shared_ptr<OpenBundle> bundle = std::exchange(bundle_, nullptr);
  return bundle->AddReserved(std::move(parts_), tag_, std::move(lease));
}

void OpenBundle::Unreserve(const std::vector<MultiplexedFormat::Part>& parts) {
  MutexLock lock(&mu_);
  for (const MultiplexedFormat::Part& part : parts) streams_.erase(part.name);
}

ConnectionRef OpenBundle::AddReserved(
    std::vector<MultiplexedFormat::Part> parts, int tag,
    ConnectionLimits::Lease lease) {
  MutexLock lock(&mu_);
  for (const MultiplexedFormat::Part& part : parts) {
    streams_[part.name].added = true;
  }
  // Under the lock, so that removals of these streams come later.
  changes_->Add(std::move(parts), tag);
  if (!closed_) lease_.Absorb(std::move(lease));
  return connection_;
}

void OpenBundle::Remove(const std::string& name) {
  MutexLock lock(&mu_);
  const auto found = streams_.find(name);
  if (found == streams_.end() || !found->second.added) return;
  const int tag = found->second.tag;
  streams_.erase(found);
  lease_.ReleaseStreams(1);
  changes_->Remove(name);
  delivery_->Leave(connection_, tag);
}

void OpenBundles::Add(const std::string& id, std::weak_ptr<OpenBundle> bundle) {
  MutexLock lock(&mu_);
  bundles_[id] = std::move(bundle);
}

std::shared_ptr<OpenBundle> OpenBundles::Find(absl::string_view id) const {
  MutexLock lock(&mu_);
  const auto found = bundles_.find(id);
  return found == bundles_.end() ? nullptr : found->second.lock();
}

void OpenBundles::Remove(const std::string& id) {
  MutexLock lock(&mu_);
  bundles_.erase(id);
}

size_t OpenBundles::size() const {
  MutexLock lock(&mu_);
  return bundles_.size();
}

}  // namespace sse_bridge
