/** {@code multipart/form-data} (RFC 7578) as it is sent, without holding a part in memory. Pure: nothing here knows HTTP. */
@NullMarked
package io.panallama.server.multipart;

import org.jspecify.annotations.NullMarked;
