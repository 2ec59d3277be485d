#include "bridge/feed/feed_quota.h"

namespace sse_bridge {

FeedQuota::Charge::~Charge() {
  Ended();
  MutexLock lock(&book_->mu);
  const auto account = book_->accounts.find(address_);
  account->second.alive -= weight_;
  if (account->second.alive == 0) book_->accounts.erase(account);
}

void FeedQuota::Charge::Ended() {
  MutexLock lock(&book_->mu);
  if (ended_) return;
  ended_ = true;
  book_->accounts.find(address_)->second.running -= weight_;
}

std::shared_ptr<FeedQuota::Charge> FeedQuota::Take(absl::string_view address,
                                                   size_t weight) {
  MutexLock lock(&book_->mu);
  const auto found = book_->accounts.find(address);
  if (!Fits(found == book_->accounts.end() ? Account() : found->second,
            weight)) {
    return nullptr;
  }
  Account& account = book_->accounts[address];
  account.running += weight;
  account.alive += weight;
  return std::shared_ptr<Charge>(new Charge(book_, address, weight));
}

bool FeedQuota::HasCapacity(absl::string_view address, size_t weight) const {
  MutexLock lock(&book_->mu);
  const auto found = book_->accounts.find(address);
  return Fits(found == book_->accounts.end() ? Account() : found->second,
              weight);
}

bool FeedQuota::Fits(const Account& account, size_t weight) const {
  return per_address_ == 0 ||
         (account.running + weight <= per_address_ &&
          account.alive + weight <= kEndedFactor * per_address_);
}

size_t FeedQuota::running(absl::string_view address) const {
  MutexLock lock(&book_->mu);
  const auto found = book_->accounts.find(address);
  return found == book_->accounts.end() ? 0 : found->second.running;
}

size_t FeedQuota::addresses() const {
  MutexLock lock(&book_->mu);
  return book_->accounts.size();
}

}  // namespace sse_bridge
