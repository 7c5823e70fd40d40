package io.panallama.grpc;

import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.protobuf.ProtoFileDescriptorSupplier;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.grpc.protobuf.ProtoServiceDescriptorSupplier;
import io.grpc.protobuf.ProtoUtils;
import io.panallama.grpc.v1.InferenceProto;
import io.panallama.grpc.v1.PredictRequest;
import io.panallama.grpc.v1.PredictResponse;

/**
 * The service {@code panallama.v1.Inference} as gRPC's library knows services. By hand, because the messages are generated from the proto file
 * and one method is all there is besides; for clients in other languages everything is generated.
 */
public final class Inference {
  /** The name of the service. */
  public static final String NAME = "panallama.v1.Inference";

  private static final String PREDICT_NAME = "Predict";

  /** The method {@code Predict}, for {@link io.grpc.stub.ClientCalls}. */
  public static final io.grpc.MethodDescriptor<PredictRequest, PredictResponse> PREDICT =
      io.grpc.MethodDescriptor.<PredictRequest, PredictResponse>newBuilder()
          .setType(MethodType.SERVER_STREAMING)
          .setFullMethodName(io.grpc.MethodDescriptor.generateFullMethodName(NAME, PREDICT_NAME))
          .setSampledToLocalTracing(true)
          .setRequestMarshaller(ProtoUtils.marshaller(PredictRequest.getDefaultInstance()))
          .setResponseMarshaller(ProtoUtils.marshaller(PredictResponse.getDefaultInstance()))
          .setSchemaDescriptor(new MethodSchema())
          .build();

  /** The service and its methods. */
  static final io.grpc.ServiceDescriptor SERVICE =
      io.grpc.ServiceDescriptor.newBuilder(NAME).setSchemaDescriptor(new FileSchema()).addMethod(PREDICT).build();

  private Inference() {}

  /** What reflection tells of the file. */
  private static class FileSchema implements ProtoFileDescriptorSupplier, ProtoServiceDescriptorSupplier {
    @Override
    public FileDescriptor getFileDescriptor() {
      return InferenceProto.getDescriptor();
    }

    @Override
    public ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("Inference");
    }
  }

  private static final class MethodSchema extends FileSchema implements ProtoMethodDescriptorSupplier {
    @Override
    public MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(PREDICT_NAME);
    }
  }
}
