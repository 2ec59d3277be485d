#include "bridge/base/json_quote.h"

#include <nlohmann/json.hpp>

namespace sse_bridge {

std::string JsonQuote(absl::string_view text) {
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sse_bridge
