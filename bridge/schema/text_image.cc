#include "bridge/schema/text_image.h"

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/base/utf8.h"
#include "bridge/schema/descriptor_merge.h"
#include "bridge/schema/json_image_reader.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace sse_bridge {

namespace {

namespace pb = ::google::protobuf;

constexpr char kUseBinary[] =
    "; write the set in binary form (protoc -o FILE, buf build -o FILE.binpb)";
constexpr char kSetType[] = "google.protobuf.FileDescriptorSet";

// Maximum length, in bytes, of what a parser says. It may quote any text.
constexpr size_t kMaxParserReason = 300;

// Depth of messages in text form.
constexpr int kMaxTextDepth = 100;

absl::Status ImageError(const std::string& name, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", reason));
}

// Returns what a parser says of a text that may not even be UTF-8.
std::string ParserMessage(absl::string_view what) {
  const absl::string_view shown = CutText(what, kMaxParserReason);
  return absl::StrCat(IsUtf8(shown) ? shown : absl::CHexEscape(shown),
                      shown.size() < what.size() ? "..." : "");
}

// Reads a set with read(message, strict) twice: first without options, to learn
// the extensions, then with those.
absl::StatusOr<std::string> ReadTwice(
    const std::string& name,
    const std::function<absl::Status(pb::Message*, bool strict)>& read) {
  pb::FileDescriptorSet files;
  if (absl::Status s = read(&files, /*strict=*/false); !s.ok()) return s;
  auto merged = MergeSources({{name, files.SerializePartialAsString()}});
  if (!merged.ok()) return merged.status();
  files.Clear();
  const pb::DescriptorPool* pool = merged->pools.front().pool.get();
  const pb::Descriptor* type = pool->FindMessageTypeByName(kSetType);
  if (type == nullptr) {
    return ImageError(name, absl::StrCat("there is no ", kSetType));
  }
  pb::DynamicMessageFactory factory(pool);
  const std::unique_ptr<pb::Message> set(factory.GetPrototype(type)->New());
  if (absl::Status s = read(set.get(), /*strict=*/true); !s.ok()) return s;
  return set->SerializePartialAsString();
}

// Collects the first error. In strict mode, warnings of what is ignored are
// errors.
class TextErrors : public pb::io::ErrorCollector {
 public:
  explicit TextErrors(bool strict) : strict_(strict) {}

  void AddError(int line, int, const std::string& message) override {
    if (!error_.empty()) return;
    error_ = absl::StrCat(line + 1, ": ", ParserMessage(message));
  }

  void AddWarning(int line, int column, const std::string& message) override {
    // A deprecated field is read. What buf adds to a file is not part of the
    // schema.
    const bool harmless =
        absl::StartsWith(message, "text format contains deprecated field") ||
        absl::StrContains(message, "\"buf_extension\"");
    if (strict_ && !harmless) AddError(line, column, message);
  }

  const std::string& error() const { return error_; }

 private:
  const bool strict_;
  std::string error_;
};

}  // namespace

absl::StatusOr<std::string> ReadJsonImage(const std::string& name,
                                          const std::string& text) {
  if (text.size() > kMaxTextImageBytes) {
    return ImageError(name, absl::StrCat("more than ", kMaxTextImageBytes,
                                         " bytes of JSON", kUseBinary));
  }
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    return ImageError(name, ParserMessage(error.what()));
  }
  return ReadTwice(name, [&](pb::Message* set, bool strict) {
    const absl::Status status = JsonImageReader(strict).Read(json, set);
    if (status.ok()) return status;
    return ImageError(name, absl::StrCat(status.message(), kUseBinary));
  });
}

absl::StatusOr<std::string> ReadTextImage(const std::string& name,
                                          const std::string& text) {
  if (text.size() > kMaxTextImageBytes) {
    return ImageError(name, absl::StrCat("more than ", kMaxTextImageBytes,
                                         " bytes of text", kUseBinary));
  }
  return ReadTwice(name, [&](pb::Message* set, bool strict) {
    TextErrors errors(strict);
    pb::TextFormat::Parser parser;
    parser.RecordErrorsTo(&errors);
    parser.SetRecursionLimit(kMaxTextDepth);
    parser.AllowPartialMessage(true);
    // What is ignored is a warning, and so an error the second time.
    parser.AllowUnknownField(true);
    parser.AllowUnknownExtension(true);
    const bool parsed = parser.ParseFromString(text, set);
    if (parsed && errors.error().empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(name, ":", errors.error(), kUseBinary));
  });
}

}  // namespace sse_bridge
