/**
 * The chat server's models over gRPC, on a port of their own: the service {@code panallama.v1.Inference} of {@code
 * panallama/v1/inference.proto}, the standard services for health and reflection, with the keys, the certificate and the limits of the HTTP
 * server.
 *
 * <pre>{@code
 * int port = chatServer.open(new GrpcFrontEnd(), 9090);
 * }</pre>
 */
@NullMarked
package io.panallama.grpc;

import org.jspecify.annotations.NullMarked;
