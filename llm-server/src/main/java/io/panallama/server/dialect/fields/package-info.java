/**
 * The parts of bodies and answers that several dialects share.
 *
 * <p>Bodies are read by hand from a tree ({@link io.panallama.server.dialect.fields.JsonFields}) rather than bound to classes,
 * so that an error names the path of a wrong value, what it is and what is allowed, and so that nothing a client asks for is
 * silently ignored. Fields of sampling, limits and scheduling have one spelling in all dialects that follow OpenAI or
 * llama-server, and so have conversations ({@link io.panallama.server.dialect.fields.ChatBody}). The names of fields stand here
 * and in the dialects only: the core has Java names.
 */
@NullMarked
package io.panallama.server.dialect.fields;

import org.jspecify.annotations.NullMarked;
