// grpc-gateway (v1, as Debian has it) for load.v1.Load: what its generator makes
// of OwnTicks and Counts, by hand. OwnTicks has one upstream call for each
// browser, and a marshaler that writes Server-Sent Events.
//
//	grpc_gateway PORT BACKEND RATE PAD
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"

	"github.com/golang/protobuf/proto"
	"github.com/grpc-ecosystem/grpc-gateway/runtime"
	"google.golang.org/grpc"
)

type ticksRequest struct {
	Rate float64 `protobuf:"fixed64,1,opt,name=rate,proto3" json:"rate,omitempty"`
	Pad  uint32  `protobuf:"varint,2,opt,name=pad,proto3" json:"pad,omitempty"`
}

func (m *ticksRequest) Reset()         { *m = ticksRequest{} }
func (m *ticksRequest) String() string { return proto.CompactTextString(m) }
func (*ticksRequest) ProtoMessage()    {}

type tick struct {
	TNs int64  `protobuf:"varint,1,opt,name=t_ns,json=tNs,proto3" json:"t_ns,omitempty"`
	N   uint32 `protobuf:"varint,2,opt,name=n,proto3" json:"n,omitempty"`
	Pad string `protobuf:"bytes,3,opt,name=pad,proto3" json:"pad,omitempty"`
}

func (m *tick) Reset()         { *m = tick{} }
func (m *tick) String() string { return proto.CompactTextString(m) }
func (*tick) ProtoMessage()    {}

type countsRequest struct {
	Topic string `protobuf:"bytes,1,opt,name=topic,proto3" json:"topic,omitempty"`
}

func (m *countsRequest) Reset()         { *m = countsRequest{} }
func (m *countsRequest) String() string { return proto.CompactTextString(m) }
func (*countsRequest) ProtoMessage()    {}

type countsReply struct {
	Open    uint32 `protobuf:"varint,1,opt,name=open,proto3" json:"open,omitempty"`
	Most    uint32 `protobuf:"varint,2,opt,name=most,proto3" json:"most,omitempty"`
	Started uint32 `protobuf:"varint,3,opt,name=started,proto3" json:"started,omitempty"`
	Sent    uint32 `protobuf:"varint,4,opt,name=sent,proto3" json:"sent,omitempty"`
}

func (m *countsReply) Reset()         { *m = countsReply{} }
func (m *countsReply) String() string { return proto.CompactTextString(m) }
func (*countsReply) ProtoMessage()    {}

// eventSource writes each message as an event.
type eventSource struct {
	runtime.JSONPb
}

func (e *eventSource) ContentType() string { return "text/event-stream" }

func (e *eventSource) Marshal(v interface{}) ([]byte, error) {
	if chunk, ok := v.(map[string]proto.Message); ok {
		v = chunk["result"]
	}
	if chunk, ok := v.(map[string]interface{}); ok {
		v = chunk["result"]
	}
	text, err := e.JSONPb.Marshal(v)
	return append([]byte("data: "), text...), err
}

func (e *eventSource) Delimiter() []byte { return []byte("\n\n") }

func main() {
	port, backend := os.Args[1], os.Args[2]
	rate, _ := strconv.ParseFloat(os.Args[3], 64)
	pad, _ := strconv.Atoi(os.Args[4])
	connection, err := grpc.Dial(backend, grpc.WithInsecure())
	if err != nil {
		log.Fatal(err)
	}
	marshaler := &eventSource{runtime.JSONPb{OrigName: true}}
	mux := runtime.NewServeMux(runtime.WithMarshalerOption("text/event-stream", marshaler))
	pattern := runtime.MustPattern(runtime.NewPattern(1, []int{2, 0}, []string{"own-ticks"}, ""))
	mux.Handle("GET", pattern, func(w http.ResponseWriter, req *http.Request, _ map[string]string) {
		ctx, cancel := context.WithCancel(req.Context())
		defer cancel()
		_, out := runtime.MarshalerForRequest(mux, req)
		ctx, err := runtime.AnnotateContext(ctx, mux, req)
		if err != nil {
			runtime.HTTPError(ctx, mux, out, w, req, err)
			return
		}
		stream, err := connection.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, "/load.v1.Load/OwnTicks")
		if err == nil {
			err = stream.SendMsg(&ticksRequest{Rate: rate, Pad: uint32(pad)})
		}
		if err == nil {
			err = stream.CloseSend()
		}
		if err != nil && err != io.EOF {
			runtime.HTTPError(ctx, mux, out, w, req, err)
			return
		}
		header, err := stream.Header()
		if err != nil {
			runtime.HTTPError(ctx, mux, out, w, req, err)
			return
		}
		ctx = runtime.NewServerMetadataContext(ctx, runtime.ServerMetadata{HeaderMD: header})
		// A quiet stream is answered too.
		w.Header().Set("Content-Type", out.ContentType())
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		runtime.ForwardResponseStream(ctx, mux, out, w, req, func() (proto.Message, error) {
			message := new(tick)
			return message, stream.RecvMsg(message)
		})
	})
	counts := runtime.MustPattern(runtime.NewPattern(1, []int{2, 0, 1, 0, 4, 1, 5, 1}, []string{"counts", "topic"}, ""))
	mux.Handle("GET", counts, func(w http.ResponseWriter, req *http.Request, params map[string]string) {
		ctx, cancel := context.WithCancel(req.Context())
		defer cancel()
		_, out := runtime.MarshalerForRequest(mux, req)
		callCtx, err := runtime.AnnotateContext(ctx, mux, req)
		if err != nil {
			runtime.HTTPError(ctx, mux, out, w, req, err)
			return
		}
		var in countsRequest
		if in.Topic, err = runtime.String(params["topic"]); err != nil {
			runtime.HTTPError(ctx, mux, out, w, req, err)
			return
		}
		var metadata runtime.ServerMetadata
		reply := new(countsReply)
		err = connection.Invoke(callCtx, "/load.v1.Load/Counts", &in, reply, grpc.Header(&metadata.HeaderMD), grpc.Trailer(&metadata.TrailerMD))
		ctx = runtime.NewServerMetadataContext(ctx, metadata)
		if err != nil {
			runtime.HTTPError(ctx, mux, out, w, req, err)
			return
		}
		runtime.ForwardResponseMessage(ctx, mux, out, w, req, reply, mux.GetForwardResponseOptions()...)
	})
	fmt.Printf("listening on 127.0.0.1:%s\n", port)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, mux))
}
