/**
 * What is told about single requests: {@link io.panallama.server.observe.RequestRecord} collects it while a request is served, and
 * each {@link io.panallama.server.observe.RequestObserver} gets it at the end, such as the access log and the traces.
 *
 * <p>Without an observer nothing is collected.
 */
@NullMarked
package io.panallama.server.observe;

import org.jspecify.annotations.NullMarked;
