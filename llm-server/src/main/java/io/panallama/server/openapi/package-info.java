/**
 * The description of all routes as an OpenAPI document.
 *
 * <p>Its parts are resources: one for the server, and one for each dialect under the dialect's name. A test compares them with the
 * routes, and sends what they say that a request may have.
 */
@NullMarked
package io.panallama.server.openapi;

import org.jspecify.annotations.NullMarked;
