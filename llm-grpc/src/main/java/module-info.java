/** The server over gRPC: generating, health and reflection. */
module io.panallama.grpc {
  requires com.google.protobuf;
  requires io.grpc;
  requires io.grpc.netty.shaded;
  requires io.grpc.protobuf;
  requires io.grpc.services;
  requires io.grpc.stub;
  requires transitive io.panallama.server;
  requires static transitive org.jspecify;

  // Reads and writes the fields of messages by reflection.
  opens io.panallama.grpc.v1 to
      com.google.protobuf;

  provides io.panallama.server.FrontEnd with
      io.panallama.grpc.GrpcFrontEnd;
}
