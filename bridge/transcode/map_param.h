#ifndef SSE_BRIDGE_BRIDGE_TRANSCODE_MAP_PARAM_H_
#define SSE_BRIDGE_BRIDGE_TRANSCODE_MAP_PARAM_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "bridge/transcode/field_text.h"
#include "bridge/transcode/scalar_text.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace sse_bridge {

// A parameter that names one entry of a map: "labels[env]=prod", "a.labels[x]".
struct MapParam {
  absl::string_view field_path;
  absl::string_view key;  // anything between the first '[' and the final ']'
};

// Returns nullopt if the name does not have this form.
std::optional<MapParam> SplitMapParam(absl::string_view name);

// Returns why the map cannot be set entry by entry, or an empty reason: its
// values must be scalars or have a text form.
Reason CheckMapHasText(const google::protobuf::FieldDescriptor* map);

// Adds an entry to the map at the end of `chain`. Requires that CheckMapHasText
// succeeded.
Reason SetMapEntry(google::protobuf::Message* message, const FieldChain& chain,
                   absl::string_view key, absl::string_view value);

// Returns the form by which keys are compared: 1, 1.0 and 1e0 are the same key.
// `key` is the map's key field.
std::string CanonicalMapKey(const google::protobuf::FieldDescriptor* key,
                            absl::string_view text);

}  // namespace sse_bridge

#endif  // SSE_BRIDGE_BRIDGE_TRANSCODE_MAP_PARAM_H_
