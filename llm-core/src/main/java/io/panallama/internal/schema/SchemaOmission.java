package io.panallama.internal.schema;

/**
 * A part of a schema that the grammar does not enforce.
 *
 * @param place where in the schema, such as {@code #/properties/size/multipleOf}
 * @param reason why not, without a full stop
 */
public record SchemaOmission(String place, String reason) {}
