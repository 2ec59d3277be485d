#include "bridge/net/transport.h"

namespace sse_bridge {
namespace {

class PlainTransport : public Transport {
 public:
  bool has_handshake() const override { return false; }
  std::unique_ptr<Socket> Wrap(std::unique_ptr<Socket> socket) const override {
    return socket;
  }
};

}  // namespace

const Transport* Transport::Plain() {
  static const Transport* const transport = new PlainTransport;
  return transport;
}

}  // namespace sse_bridge
