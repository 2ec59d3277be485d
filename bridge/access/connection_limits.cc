#include "bridge/access/connection_limits.h"

#include "absl/status/status.h"

namespace sse_bridge {
namespace {

bool IsFull(int count, int limit) { return limit > 0 && count >= limit; }

}  // namespace

void ConnectionLimits::Lease::Release() {
  ConnectionLimits* limits = std::exchange(limits_, nullptr);
  if (limits != nullptr) {
    limits->Release(std::exchange(subject_, nullptr),
                    std::exchange(address_, nullptr));
  }
}

absl::StatusOr<ConnectionLimits::Lease> ConnectionLimits::Acquire(
    absl::string_view subject, absl::string_view address) {
  absl::StatusOr<Lease> lease = AcquireHere(subject, address);
  if (!lease.ok() || shared_ == nullptr || subject.empty()) return lease;
  // Without the lock: the others are asked over the network.
  if (shared_->Take(subject, options().per_subject)) return lease;
  ReleaseHere(lease->subject_, lease->address_);
  lease->limits_ = nullptr;
  return absl::ResourceExhaustedError("too many connections");
}

absl::StatusOr<ConnectionLimits::Lease> ConnectionLimits::AcquireHere(
    absl::string_view subject, absl::string_view address) {
  MutexLock lock(&mu_);
  if (IsFull(total_, options_.total)) {
    return absl::UnavailableError("too many connections; retry later");
  }
  if (IsFull(CountOf(addresses_, address), options_.per_address)) {
    return absl::UnavailableError(
        "too many connections from this address; retry later");
  }
  if (!subject.empty() &&
      IsFull(CountOf(subjects_, subject), options_.per_subject)) {
    return absl::ResourceExhaustedError("too many connections");
  }
  ++total_;
  return Lease(this, subject.empty() ? nullptr : Take(&subjects_, subject),
               Take(&addresses_, address));
}

void ConnectionLimits::SetOptions(Options options) {
  MutexLock lock(&mu_);
  options_ = options;
}

ConnectionLimits::Options ConnectionLimits::options() const {
  MutexLock lock(&mu_);
  return options_;
}

ConnectionLimits::Counts ConnectionLimits::counts() const {
  MutexLock lock(&mu_);
  return {total_, subjects_.size(), addresses_.size()};
}

int ConnectionLimits::subject_count(absl::string_view subject) const {
  MutexLock lock(&mu_);
  return CountOf(subjects_, subject);
}

int ConnectionLimits::address_count(absl::string_view address) const {
  MutexLock lock(&mu_);
  return CountOf(addresses_, address);
}

int ConnectionLimits::CountOf(const Entries& entries, absl::string_view name) {
  const auto it = entries.find(name);
  return it == entries.end() ? 0 : it->second;
}

ConnectionLimits::Entry* ConnectionLimits::Take(Entries* entries,
                                                absl::string_view name) {
  Entry& entry = *entries->try_emplace(name, 0).first;
  ++entry.second;
  return &entry;
}

void ConnectionLimits::Give(Entries* entries, Entry* entry) {
  if (--entry->second == 0) entries->erase(entries->find(entry->first));
}

void ConnectionLimits::Release(Entry* subject, Entry* address) {
  if (shared_ != nullptr && subject != nullptr) shared_->Give(subject->first);
  ReleaseHere(subject, address);
}

void ConnectionLimits::ReleaseHere(Entry* subject, Entry* address) {
  MutexLock lock(&mu_);
  --total_;
  if (subject != nullptr) Give(&subjects_, subject);
  Give(&addresses_, address);
}

}  // namespace sse_bridge
