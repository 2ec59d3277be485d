#include "bridge/access/connection_limits.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {
namespace {

bool IsFull(int count, int more, int limit) {
  return limit > 0 && count > limit - more;
}

}  // namespace

void ConnectionLimits::Lease::Release() {
  ConnectionLimits* limits = std::exchange(limits_, nullptr);
  if (limits != nullptr) {
    limits->Release(std::exchange(subject_, nullptr),
                    std::exchange(address_, nullptr), streams_,
                    shared_streams_);
  }
}

void ConnectionLimits::Lease::ReleaseStreams(int streams) {
  if (limits_ == nullptr) return;
  const int gone = std::min(streams, streams_);
  const int shared = std::min(gone, shared_streams_);
  streams_ -= gone;
  shared_streams_ -= shared;
  if (subject_ == nullptr) return;
  // Without streams, the entry of the subject may go.
  Entry* const subject =
      streams_ == 0 ? std::exchange(subject_, nullptr) : subject_;
  limits_->ReleaseStreams(subject, gone, shared);
}

void ConnectionLimits::Lease::Absorb(Lease other) {
  if (limits_ == nullptr || other.limits_ != limits_) return;
  streams_ += other.streams_;
  shared_streams_ += other.shared_streams_;
  if (subject_ == nullptr) subject_ = other.subject_;
  other.limits_ = nullptr;
  limits_->Release(nullptr, other.address_, 0, 0);
}

absl::Status ConnectionLimits::SubjectIsFull(int limit, int streams) const {
  if (kind_ == Kind::kCalls) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "too many concurrent calls by this user (max_calls_per_subject is ",
        limit, "); retry later"));
  }
  return absl::ResourceExhaustedError(absl::StrCat(
      "too many connections: this user may have ", limit,
      " streams (max_streams_per_subject)",
      streams > 1 ? absl::StrCat(", and each of these ", streams, " counts")
                  : ""));
}

absl::StatusOr<ConnectionLimits::Lease> ConnectionLimits::Acquire(
    absl::string_view subject, absl::string_view address, int streams) {
  MutexLock lock(&mu_);
  if (IsFull(total_, 1, options_.total)) {
    return absl::UnavailableError("too many connections; retry later");
  }
  if (IsFull(CountOf(addresses_, address), 1, options_.per_address)) {
    if (kind_ == Kind::kCalls) {
      return absl::ResourceExhaustedError(
          absl::StrCat("too many concurrent calls from this address "
                       "(max_calls_per_address is ",
                       options_.per_address, "); retry later"));
    }
    return absl::UnavailableError(
        "too many connections from this address; retry later");
  }
  if (!subject.empty() &&
      IsFull(CountOf(subjects_, subject), streams, options_.per_subject)) {
    return SubjectIsFull(options_.per_subject, streams);
  }
  ++total_;
  return Lease(this,
               subject.empty() ? nullptr : Take(&subjects_, subject, streams),
               Take(&addresses_, address, 1), streams);
}

void ConnectionLimits::AcquireShared(absl::string_view subject,
                                     absl::string_view address, int streams,
                                     Done done) {
  absl::StatusOr<Lease> lease = Acquire(subject, address, streams);
  if (!lease.ok() || shared_ == nullptr || subject.empty()) {
    std::move(done)(std::move(lease));
    return;
  }
  const int limit = options().per_subject;
  shared_->Take(subject, streams, limit,
                [this, limit, streams, lease = *std::move(lease),
                 done = std::move(done)](bool counted) mutable {
                  lease.shared_streams_ = counted ? streams : 0;
                  if (counted) {
                    std::move(done)(std::move(lease));
                    return;
                  }
                  lease.Release();
                  std::move(done)(SubjectIsFull(limit, streams));
                });
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
                                                absl::string_view name,
                                                int count) {
  Entry& entry = *entries->try_emplace(name, 0).first;
  entry.second += count;
  return &entry;
}

void ConnectionLimits::Give(Entries* entries, Entry* entry, int count) {
  entry->second -= count;
  if (entry->second == 0) entries->erase(entries->find(entry->first));
}

void ConnectionLimits::ReleaseStreams(Entry* subject, int streams, int shared) {
  if (shared > 0) shared_->Give(subject->first, shared);
  MutexLock lock(&mu_);
  Give(&subjects_, subject, streams);
}

void ConnectionLimits::Release(Entry* subject, Entry* address, int streams,
                               int shared) {
  if (shared > 0) shared_->Give(subject->first, shared);
  MutexLock lock(&mu_);
  --total_;
  if (subject != nullptr) Give(&subjects_, subject, streams);
  Give(&addresses_, address, 1);
}

}  // namespace sse_bridge
