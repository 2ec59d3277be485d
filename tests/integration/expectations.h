#ifndef SSE_BRIDGE_TESTS_INTEGRATION_EXPECTATIONS_H_
#define SSE_BRIDGE_TESTS_INTEGRATION_EXPECTATIONS_H_

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/http_client.h"

namespace sse_bridge::testing {

// The answer is a JSON error as AIP-193 has it, with this status, the name that
// belongs to it, and a message that has these words in it.
void ExpectError(const HttpAnswer& answer, int status,
                 const std::string& words = "");

// It is a 400 whose google.rpc.BadRequest names this field, and no other.
void ExpectFieldError(const HttpAnswer& answer, const std::string& field);

// The event is the stream's end with this google.rpc.Code, as the backend (or a
// bundle) ended it.
void ExpectStatusEvent(const SseEvent& event, int code,
                       const std::string& message = "");

// The names of an object's members, in the order of the wire.
std::vector<std::string> Names(const std::string& object);

// An RFC 3339 timestamp as ProtoJSON writes it.
bool IsTimestamp(const nlohmann::json& value);

nlohmann::json Data(const SseEvent& event);

// Asks again until the answer is true; fails the test after 20 s.
void WaitFor(const std::string& what, const std::function<bool()>& done);

}  // namespace sse_bridge::testing

#endif  // SSE_BRIDGE_TESTS_INTEGRATION_EXPECTATIONS_H_
