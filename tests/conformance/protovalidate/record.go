// Writes the cases of protovalidate's conformance suite to standard output, for
// cases.bin.gz. record.sh compiles it within the suite's sources, because its
// packages are internal.
//
// The output is a sequence of strings, each after its length as a varint:
//
//	the suite's FileDescriptorSet, without validate.proto and google/protobuf
//	the time of the recording, in seconds since 1970
//	for each case:
//	  "SUITE/CASE", the message's type, the message,
//	  "valid", "violations", "compilation error" or "runtime error",
//	  the number of violations,
//	  for each violation: rule ID, field, rule, "key" or "", message
package main

import (
	"bufio"
	"encoding/binary"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bufbuild/protovalidate/tools/internal/gen/buf/validate"
	"github.com/bufbuild/protovalidate/tools/protovalidate-conformance/internal/cases"
	"github.com/bufbuild/protovalidate/tools/protovalidate-conformance/internal/suites"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// A path as the suite's sources state it: the name of its only element.
func text(path *validate.FieldPath) string {
	if len(path.GetElements()) == 0 {
		return ""
	}
	return path.GetElements()[0].GetFieldName()
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	put := func(s string) {
		out.Write(binary.AppendUvarint(nil, uint64(len(s))))
		out.WriteString(s)
	}
	deterministic := proto.MarshalOptions{Deterministic: true}
	bytes := func(m proto.Message) string {
		b, err := deterministic.Marshal(m)
		if err != nil {
			panic(err)
		}
		return string(b)
	}

	all := cases.GlobalSuites()
	files := &descriptorpb.FileDescriptorSet{}
	seen := map[string]bool{}
	for _, name := range sortedKeys(map[string]suites.Suite(all)) {
		request, err := all[name].ToRequestProto(nil)
		if err != nil {
			panic(err)
		}
		for _, file := range request.GetFdset().GetFile() {
			given := strings.HasPrefix(file.GetName(), "google/protobuf/") ||
				file.GetName() == "buf/validate/validate.proto"
			if !given && !seen[file.GetName()] {
				seen[file.GetName()] = true
				files.File = append(files.File, file)
			}
		}
	}
	slices.SortStableFunc(files.File, func(a, b *descriptorpb.FileDescriptorProto) int {
		return strings.Compare(a.GetName(), b.GetName())
	})
	put(bytes(files))
	put(strconv.FormatInt(time.Now().Unix(), 10))

	for _, suite := range sortedKeys(map[string]suites.Suite(all)) {
		for _, name := range sortedKeys(map[string]suites.Case(all[suite])) {
			each := all[suite][name]
			put(suite + "/" + name)
			put(string(each.Message.ProtoReflect().Descriptor().FullName()))
			put(bytes(each.Message))
			wanted := each.Expected.ToProto()
			violations := wanted.GetValidationError().GetViolations()
			switch {
			case wanted.GetCompilationError() != "":
				put("compilation error")
			case wanted.GetRuntimeError() != "":
				put("runtime error")
			case wanted.GetSuccess():
				put("valid")
			case len(violations) > 0:
				put("violations")
			default:
				panic(name + " has an expectation of another kind")
			}
			put(strconv.Itoa(len(violations)))
			for _, v := range violations {
				key := ""
				if v.GetForKey() {
					key = "key"
				}
				put(v.GetRuleId())
				put(text(v.GetField()))
				put(text(v.GetRule()))
				put(key)
				put(v.GetMessage())
			}
		}
	}
}
