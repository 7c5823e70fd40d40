/** The server's certificate and key: read from PEM files, checked, and replaced while the server runs. Pure: nothing here knows HTTP or sockets. */
@NullMarked
package io.panallama.server.tls;

import org.jspecify.annotations.NullMarked;
