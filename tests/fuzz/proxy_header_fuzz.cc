// What a proxy says before a connection's first byte. However it is cut, the
// verdict is the same, and nothing behind the header is taken for part of it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/access/client_address.h"
#include "bridge/net/proxy_header.h"

namespace {

using sse_bridge::ParseProxyHeader;
using sse_bridge::ProxyHeader;
using State = ProxyHeader::State;

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ProxyHeader whole = ParseProxyHeader(bytes);
  if (whole.state == State::kComplete) {
    Require(whole.size <= bytes.size());
    Require(whole.size <= sse_bridge::kMaxProxyHeaderBytes);
    Require(whole.address.empty() ||
            sse_bridge::ParseIp(whole.address).has_value());
    const ProxyHeader exact = ParseProxyHeader(bytes.substr(0, whole.size));
    Require(exact.state == State::kComplete && exact.size == whole.size &&
            exact.address == whole.address);
  }
  const size_t end = whole.state == State::kComplete ? whole.size : size;
  for (size_t cut = 0; cut < end; ++cut) {
    const State state = ParseProxyHeader(bytes.substr(0, cut)).state;
    Require(state == State::kIncomplete ||
            (state == State::kInvalid && whole.state == State::kInvalid));
  }
  if (whole.state == State::kIncomplete) {
    Require(size < sse_bridge::kMaxProxyHeaderBytes);
  }
  return 0;
}
