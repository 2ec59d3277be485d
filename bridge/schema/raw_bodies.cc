#include "bridge/schema/raw_bodies.h"

#include "bridge/base/well_known_types.h"

namespace sse_bridge {

bool IsRawBody(const Route& route) {
  const auto* body =
      route.body == "*" ? route.method->descriptor->input_type()
      : route.body_field == nullptr || route.body_field->is_repeated()
          ? nullptr
          : route.body_field->message_type();
  return body != nullptr && IsHttpBody(body);
}

bool IsRawResponse(const Route& route) {
  return route.response_body.empty() &&
         IsHttpBody(route.method->descriptor->output_type());
}

}  // namespace sse_bridge
