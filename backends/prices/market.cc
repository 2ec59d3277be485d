#include "backends/prices/market.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/random/random.h"

namespace sse_bridge {
namespace {

struct Quote {
  std::string symbol;
  double price;  // initial price
};

// Maximum change per step, as a fraction of the price.
constexpr double kMaxStep = 0.005;

}  // namespace

Market::Market(PricesService* prices, absl::Duration interval)
    : prices_(prices), thread_([this, interval] { Run(interval); }) {}

Market::~Market() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    stopping_.notify_all();
  }
  thread_.join();
}

void Market::Run(absl::Duration interval) {
  const std::vector<Quote> quotes = {{"AAPL", 230},
                                     {"AMZN", 205},
                                     {"GOOG", 178},
                                     {"MSFT", 425},
                                     {"NVDA", 140}};
  absl::BitGen random;
  for (;;) {
    for (const Quote& quote : quotes) {
      // Start from the newest price, whoever published it.
      const double price = prices_->Last(quote.symbol, quote.price) *
                           (1 + absl::Uniform(random, -kMaxStep, kMaxStep));
      realtime::v1::PriceUpdate ignored;
      prices_->Publish(quote.symbol, std::round(price * 100) / 100, &ignored,
                       [](const absl::Status&) {});
    }
    MutexLock lock(&mu_);
    if (!stop_) {
      stopping_.wait_for(mu_, absl::ToChronoMilliseconds(interval));
    }
    if (stop_) return;
  }
}

}  // namespace sse_bridge
