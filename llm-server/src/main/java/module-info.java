/** The chat server and its page. */
module io.panallama.server {
  requires com.fasterxml.jackson.core;
  requires com.fasterxml.jackson.databind;
  requires com.nimbusds.jose.jwt;
  requires io.helidon.common.task;
  requires io.helidon.http.http2;
  requires io.helidon.webserver;
  requires transitive io.panallama;
  requires io.opentelemetry.api;
  requires io.opentelemetry.context;
  requires io.opentelemetry.sdk;
  requires io.opentelemetry.sdk.autoconfigure;
  requires io.opentelemetry.sdk.autoconfigure.spi;
  requires io.opentelemetry.sdk.common;
  requires io.opentelemetry.sdk.trace;
  requires io.panallama.platform;
  requires transitive io.panallama.search;
  requires io.prometheus.metrics.model;
  requires io.prometheus.writer.text;
  requires java.logging;
  requires java.management;
  requires java.net.http;
  requires jdk.jfr;
  requires jdk.management;
  requires micrometer.core;
  requires micrometer.registry.prometheus;
  requires static transitive org.jspecify;

  exports io.panallama.server;
  exports io.panallama.server.documents;
  exports io.panallama.server.keys;
  exports io.panallama.server.registry;
}
