#ifndef SSE_BRIDGE_TESTS_INTEGRATION_CHAOS_MODEL_H_
#define SSE_BRIDGE_TESTS_INTEGRATION_CHAOS_MODEL_H_

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/http_client.h"

// What the clients of chaos_test watch, what is written there, and what each of
// them must and may have of it.
namespace sse_bridge::testing {

inline constexpr size_t kUsers = 50;
inline constexpr size_t kChannels = 10;

std::string UserOf(size_t client);
std::string ChannelOf(size_t client);

// Whom a message of a channel is for; empty: everybody. One in four is for one
// of the channel's users.
std::string RecipientOf(const std::string& channel, int number);

// Each client has one stream of the four: a box, a channel, both together with
// prices, prices.
inline bool HasBox(size_t client) { return client % 2 == 0; }
inline bool HasChannel(size_t client) {
  return client % 4 == 1 || client % 4 == 2;
}
inline bool HasPrice(size_t client) { return client % 4 >= 2; }
std::string TargetOf(size_t client);

// What one client has seen.
struct Seen {
  std::vector<int> box, channel;
  double price = 0;
  size_t events = 0;
  int resets = 0;
  int own_presence = 0;  // its own coming and going, which others are told

  void Add(const std::string& user, const SseEvent& event);
};

// What was written to one box or channel: numbers, of which those that were
// acknowledged must arrive, and the others may.
struct Written {
  int next = 0;
  std::set<int> acknowledged;

  int last() const { return next - 1; }
};

// One client's events of one stream, against what was written there. `from` is
// the first number that it must have. `is_for`: whether it may have a number.
void Check(const std::vector<int>& seen, const Written& written, int from,
           const std::string& who, const std::function<bool(int)>& is_for);

// The status, or 0 when there was no answer. Quietly: the bridge may be dead.
int Post(const std::string& address, const std::string& token,
         const std::string& target, const std::string& body);

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_INTEGRATION_CHAOS_MODEL_H_
