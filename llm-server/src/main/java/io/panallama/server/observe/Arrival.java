package io.panallama.server.observe;

/**
 * What is known of a request before it is served. All of it but the id of the server's making comes from the client, bounded by the limits
 * of a request's head.
 *
 * @param requestId the name by which client and log refer to it
 * @param method as it was sent; {@code _OTHER} for one that HTTP does not define
 * @param scheme {@code http} or {@code https}
 * @param protocolVersion {@code 1.0}, {@code 1.1} or {@code 2}
 * @param path without its query, percent-encoded
 * @param route the pattern of the path, such as {@code /v1/models/*}; empty if no route has it
 * @param host the header {@code Host}, with the port if it has one; may be empty
 * @param clientAddress of the connection's other end; {@code unix} for that of a Unix domain socket
 * @param clientPort 0 if there is none
 */
public record Arrival(
    String requestId,
    String method,
    String scheme,
    String protocolVersion,
    String path,
    String route,
    String host,
    String clientAddress,
    int clientPort) {}
