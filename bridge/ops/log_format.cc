#include "bridge/ops/log_format.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <utility>

namespace sse_bridge {
namespace {

// The message (%v), escaped.
class EscapedMessage : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    constexpr char kHex[] = "0123456789abcdef";
    for (const char c : message.payload) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte >= 0x20 && byte != 0x7f) {
        out.push_back(c);
      } else if (c == '\n') {
        out.push_back('\\');
        out.push_back('n');
      } else {
        for (const char each : {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]}) {
          out.push_back(each);
        }
      }
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<EscapedMessage>();
  }
};

}  // namespace

void UseOneLineLogFormat() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<EscapedMessage>('*').set_pattern(
      "[%Y-%m-%d %H:%M:%S.%e] [%n] [%l] %*");
  spdlog::set_formatter(std::move(formatter));
}

}  // namespace sse_bridge
