#include "tests/load/pacer.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace sse_bridge::testing {
namespace {

using Clock = std::chrono::steady_clock;

// A slow rate does not make the end slow.
constexpr Clock::duration kLongestSleep = std::chrono::milliseconds(50);

}  // namespace

Pacer::~Pacer() {
  stop_ = true;
  std::map<double, std::unique_ptr<Rate>> rates;
  {
    MutexLock lock(&mu_);
    rates.swap(rates_);
  }
  for (auto& [rate, each] : rates) each->thread.join();
}

void Pacer::Add(double rate_per_second, Task task) {
  if (!(rate_per_second > 0)) return;
  MutexLock lock(&mu_);
  std::unique_ptr<Rate>& rate = rates_[rate_per_second];
  const bool is_new = rate == nullptr;
  if (is_new) rate = std::make_unique<Rate>();
  rate->added.push_back(std::move(task));
  if (is_new) {
    rate->thread = std::thread([this, rate_per_second, each = rate.get()] {
      Run(rate_per_second, each);
    });
  }
}

void Pacer::Run(double rate_per_second, Rate* rate) {
  const auto interval = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(1 / rate_per_second));
  std::vector<Task> tasks;
  Clock::time_point next = Clock::now();
  while (!stop_) {
    const Clock::time_point now = Clock::now();
    if (held_) next = now + kLongestSleep;
    if (now < next) {
      std::this_thread::sleep_for(std::min(next - now, kLongestSleep));
      continue;
    }
    next = std::max(next + interval, now - interval);
    {
      MutexLock lock(&mu_);
      std::move(rate->added.begin(), rate->added.end(),
                std::back_inserter(tasks));
      rate->added.clear();
    }
    std::erase_if(tasks, [](const Task& task) { return !task(); });
  }
}

}  // namespace sse_bridge::testing
