/**
 * The embedded demo model, so that every command works before you have downloaded a model.
 *
 * <pre>{@code
 * try (Model model = Model.load(DemoModel.extract())) { ... }
 * }</pre>
 */
@NullMarked
package io.panallama.demo;

import org.jspecify.annotations.NullMarked;
