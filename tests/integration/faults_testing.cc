#include "tests/integration/faults_testing.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sse_bridge::testing {

std::string FaultEvent(int id, const std::string& text) {
  std::string bytes;
  if (id > 0) bytes = {'\x08', static_cast<char>(id)};
  bytes += '\x12';
  size_t size = text.size();
  for (; size > 127; size >>= 7) bytes += static_cast<char>(size | 128);
  bytes += static_cast<char>(size);
  return bytes + text;
}

bool AsksAfter(const std::string& request, int id) {
  return request.find({'\x18', static_cast<char>(id)}) != std::string::npos;
}

std::string CursorExpired(const std::string& oldest) {
  google::rpc::ErrorInfo info;
  info.set_reason("CURSOR_EXPIRED");
  info.set_domain("faults.v1");
  if (!oldest.empty()) (*info.mutable_metadata())["oldest"] = oldest;
  google::rpc::Status status;
  status.set_code(11);
  status.add_details()->PackFrom(info);
  return status.SerializeAsString();
}

std::string FaultsTest::Path(const std::string& method) {
  return "/faults.v1.Faults/" + method;
}

std::unique_ptr<Bridge> FaultsTest::BridgeTo(
    const std::string& upstream, std::vector<std::string> options,
    std::vector<std::string> launcher) {
  options.insert(options.end(), {"--descriptor-set", SSE_BRIDGE_FAULTS_SCHEMA});
  return std::make_unique<Bridge>(upstream, options, Bridge::Key::kOwn,
                                  launcher);
}

void FaultsTest::RestartBackend() {
  const int port = backend_->port();
  backend_ = nullptr;
  backend_ = std::make_unique<TestBackend>(TestBackend::Options{.port = port});
}

}  // namespace sse_bridge::testing
