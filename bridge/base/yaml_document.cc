#include "bridge/base/yaml_document.h"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace sse_bridge {

namespace {

// The tag that yaml-cpp gives to quoted scalars.
constexpr char kQuotedTag[] = "!";

// Records the position of the latest document's content.
class DocumentLocation : public YAML::EventHandler {
 public:
  const YAML::Mark& mark() const { return mark_; }

  void OnDocumentStart(const YAML::Mark&) override { begun_ = true; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Note(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Note(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    Note(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&,
                       YAML::anchor_t, YAML::EmitterStyle::value) override {
    Note(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Note(mark);
  }
  void OnMapEnd() override {}

 private:
  void Note(const YAML::Mark& mark) {
    if (std::exchange(begun_, false)) mark_ = mark;
  }

  bool begun_ = false;
  YAML::Mark mark_;
};

}  // namespace

absl::Status ReadYaml(
    absl::string_view name, absl::string_view text, size_t max_bytes,
    const std::function<absl::Status(const YAML::Node& root)>& read) {
  if (text.size() > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": is larger than ", max_bytes, " bytes"));
  }
  // yaml-cpp ignores the rest of the text after some control characters.
  const auto control = std::find_if(text.begin(), text.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c)) && c != '\t' &&
           c != '\r' && c != '\n';
  });
  if (control != text.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ":", std::count(text.begin(), control, '\n') + 1,
                     ": control characters are not allowed"));
  }
  // yaml-cpp throws exceptions on errors. They must not escape.
  try {
    // LoadAll would not terminate on some malformed files.
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    DocumentLocation location;
    if (!parser.HandleNextDocument(location)) return read(YAML::Node());
    if (parser.HandleNextDocument(location)) {
      return absl::InvalidArgumentError(
          absl::StrCat(YamlPosition(name, location.mark()),
                       ": only one YAML document is allowed"));
    }
    return read(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(YamlPosition(name, error.mark), ": ", error.msg));
  }
}

std::string YamlPosition(absl::string_view name, const YAML::Mark& mark) {
  if (mark.is_null()) return std::string(name);
  return absl::StrCat(name, ":", mark.line + 1, ":", mark.column + 1);
}

absl::string_view YamlKind(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      return "a mapping";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Scalar:
      return "a single value";
    default:
      return "nothing";
  }
}

bool IsQuotedYaml(const YAML::Node& node) { return node.Tag() == kQuotedTag; }

}  // namespace sse_bridge
