#ifndef SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_REPORTER_H_
#define SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_REPORTER_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "bridge/schema/schema_errors.h"
#include "bridge/schema/unknown_options.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// Reports errors of one option of one method or service.
class OptionReporter {
 public:
  // `number` and `option`: the number of the extension, and its name for
  // messages. `errors` must outlive this object.
  OptionReporter(const google::protobuf::MethodDescriptor* method, int number,
                 absl::string_view option, SchemaErrors* errors)
      : OptionReporter(method, "google.protobuf.MethodOptions", number, option,
                       errors) {}
  OptionReporter(const google::protobuf::ServiceDescriptor* service, int number,
                 absl::string_view option, SchemaErrors* errors)
      : OptionReporter(service, "google.protobuf.ServiceOptions", number,
                       option, errors) {}

  // Adds "OPTION: PARTS".
  template <typename... Parts>
  void Error(const Parts&... parts) const {
    errors_->Add(where_, element_, absl::StrCat(option_, ": ", parts...));
  }

  // Reports the fields of `value` that this bridge does not know.
  void CheckKnown(const google::protobuf::Message& value) const {
    for (const std::string& name : UnknownOptionFields(value, declared_)) {
      Error("this bridge does not know ", name);
    }
  }

 private:
  template <typename Element>
  OptionReporter(const Element* element, const char* extendee, int number,
                 absl::string_view option, SchemaErrors* errors)
      : where_(Where(element->file(), PathOfOption(element, number))),
        element_(element->full_name()),
        option_(option),
        declared_(
            DeclaredOptionType(*element->file()->pool(), extendee, number)),
        errors_(errors) {}

  const std::string where_;
  const std::string element_;
  const std::string option_;
  const google::protobuf::Descriptor* const declared_;
  SchemaErrors* const errors_;
};

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_SCHEMA_OPTION_REPORTER_H_
