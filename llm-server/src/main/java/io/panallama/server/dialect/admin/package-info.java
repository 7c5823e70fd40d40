/** Routes for the server's operators that no other API has. */
@NullMarked
package io.panallama.server.dialect.admin;

import org.jspecify.annotations.NullMarked;
