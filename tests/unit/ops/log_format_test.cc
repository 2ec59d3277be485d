#include "bridge/ops/log_format.h"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace sse_bridge {
namespace {

TEST(LogFormat, AnyMessageIsOneLine) {
  std::ostringstream out;
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out)));
  UseOneLineLogFormat();
  spdlog::warn(
      "a backend said: {}",
      std::string("x\r\n[2026-01-01] forged\x1b[2K\x7f\0\xc3\xa9", 30));
  const std::string line = out.str();
  EXPECT_NE(line.find("[test] [warning] a backend said: x\\x0d\\n[2026-01-01] "
                      "forged\\x1b[2K\\x7f\\x00\xc3\xa9\n"),
            std::string::npos)
      << line;
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

}  // namespace
}  // namespace sse_bridge
