/** OpenAI's API of files and vector stores. */
@NullMarked
package io.panallama.server.dialect.files;

import org.jspecify.annotations.NullMarked;
