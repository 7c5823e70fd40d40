/** Access tokens of an issuer of OpenID Connect, checked by Nimbus JOSE + JWT. Loaded only if the server has an issuer. */
@NullMarked
package io.panallama.server.oidc;

import org.jspecify.annotations.NullMarked;
