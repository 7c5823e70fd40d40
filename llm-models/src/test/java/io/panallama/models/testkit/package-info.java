/** Tiny ONNX files for tests. */
package io.panallama.models.testkit;
